import { HISTORY_COUNT, RESOURCE_KINDS, isName, type ResourceKind } from '@statemanager/state-machine';

/** Everything of ours but the states themselves, the leader and the fence included. */
export const OWN_PREFIX = '/statemanager/';

/** Under it are the records of resources: {@link recordKey}. */
export const RECORD_PREFIX = '/statemanager/record/';
/** Under it is what nodes said last: {@link nodeKey}. */
export const NODE_PREFIX = '/statemanager/node/';
/** Under it are transitions: {@link historyKey}. */
export const HISTORY_PREFIX = '/statemanager/history/';
/** Under it are intents: {@link intentKey}. */
export const RECONCILE_PREFIX = '/statemanager/reconcile/';

/** Stands from the beginning of an import to its end, so that nobody takes what an import left half done for the truth. */
export const IMPORT_KEY = '/statemanager/import';

/** The kinds of document that ApiServer writes, each under `<Kind>/<name>`. */
export const DEFINITION_KINDS = ['Package', 'Scenario', 'Model'] as const;
/** One of {@link DEFINITION_KINDS}. */
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];

/** `/package/` and its like: lists states, and only states. */
export function statePrefix(kind: ResourceKind): string {
  return `/${kind}/`;
}

/** Where a resource's state is stored, for everyone to read. */
export function stateKey(kind: ResourceKind, name: string): string {
  return `/${kind}/${name}/state`;
}

/** The resource that a state key is about; undefined if the key is none. */
export function parseStateKey(kind: ResourceKind, key: string): string | undefined {
  const prefix = statePrefix(kind);
  if (!key.startsWith(prefix) || !key.endsWith('/state')) return undefined;
  const name = key.slice(prefix.length, -'/state'.length);
  return isName(name) ? name : undefined;
}

/** Where what is remembered of a resource is stored. */
export function recordKey(kind: ResourceKind, name: string): string {
  return `${RECORD_PREFIX}${kind}/${name}`;
}

/** The resource that a record key is about; undefined if the key is none. */
export function parseRecordKey(key: string): { readonly kind: ResourceKind; readonly name: string } | undefined {
  const [kind, name, ...rest] = key.slice(RECORD_PREFIX.length).split('/');
  const known = RESOURCE_KINDS.find((k) => k === kind);
  if (!key.startsWith(RECORD_PREFIX) || known === undefined || name === undefined || rest.length > 0) return undefined;
  return isName(name) ? { kind: known, name } : undefined;
}

/** The resource that a history key is about; undefined if the key is none. */
export function parseHistoryKey(key: string): { readonly kind: ResourceKind; readonly name: string } | undefined {
  const [kind, name, slot, ...rest] = key.slice(HISTORY_PREFIX.length).split('/');
  const known = RESOURCE_KINDS.find((k) => k === kind);
  if (!key.startsWith(HISTORY_PREFIX) || known === undefined || name === undefined || rest.length > 0) return undefined;
  const isSlot = /^(0|[1-9]\d?)$/.test(slot ?? '') && Number(slot) < HISTORY_COUNT;
  return isName(name) && isSlot ? { kind: known, name } : undefined;
}

/** Where what a node said last is stored. */
export function nodeKey(node: string): string {
  return `${NODE_PREFIX}${node}`;
}

/** Where a resource's history entry of this generation is stored, until the one {@link HISTORY_COUNT} later. */
export function historyKey(kind: ResourceKind, name: string, generation: number): string {
  return `${HISTORY_PREFIX}${kind}/${name}/${generation % HISTORY_COUNT}`;
}

/** The keys of all history entries that a resource at this generation has. */
export function historyKeys(kind: ResourceKind, name: string, generation: number): readonly string[] {
  const count = Math.min(generation, HISTORY_COUNT);
  return Array.from({ length: count }, (_, i) => historyKey(kind, name, generation - i));
}

/** Where a package's intent is stored, while it has one. */
export function intentKey(packageName: string): string {
  return `${RECONCILE_PREFIX}${packageName}`;
}

/** Where ApiServer puts a document. */
export function definitionKey(kind: DefinitionKind, name: string): string {
  return `${kind}/${name}`;
}

/** The name behind a one-part key such as `Package/<name>` or {@link nodeKey}'s; undefined if it is none. */
export function nameUnder(prefix: string, key: string): string | undefined {
  const name = key.slice(prefix.length);
  return key.startsWith(prefix) && isName(name) ? name : undefined;
}
