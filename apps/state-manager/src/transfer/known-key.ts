import { RESOURCE_KINDS } from '@statemanager/state-machine';
import {
  DEFINITION_KINDS,
  FENCE_KEY,
  IMPORT_KEY,
  LEADER_KEY,
  NODE_PREFIX,
  RECONCILE_PREFIX,
  decodeIntent,
  decodeNode,
  decodeRecord,
  decodeState,
  decodeTransition,
  definitionKey,
  nameUnder,
  parseHistoryKey,
  parseRecordKey,
  parseStateKey,
  statePrefix,
} from '@statemanager/state-store';

/** What a store holds, by what it is for. */
export const GROUPS = ['definitions', 'states', 'records', 'nodes', 'history', 'intents'] as const;
export type Group = (typeof GROUPS)[number];

/** A key that StateManager reads or writes. */
export interface KnownKey {
  readonly group: Group;
  /** Reads a value as the service would. Throws UnreadableValueError. */
  readonly read: (value: string) => unknown;
  /** The document that a record says it was made from; undefined for whatever has none. */
  readonly definedBy?: string;
}

/** What a process keeps in a store while it runs: none of it means anything elsewhere. */
const OF_THE_MOMENT: readonly string[] = [LEADER_KEY, FENCE_KEY, IMPORT_KEY];

const PREFIXES = [
  '/statemanager/',
  ...RESOURCE_KINDS.map((kind) => statePrefix(kind)),
  ...DEFINITION_KINDS.map((kind) => definitionKey(kind, '')),
];

/** What a key is to StateManager; undefined if it is nothing that an export holds. */
export function knownKey(key: string): KnownKey | undefined {
  return definitionAt(key) ?? stateAt(key) ?? recordAt(key) ?? historyAt(key) ?? nodeAt(key) ?? intentAt(key);
}

/** Whether a key stands where only StateManager's keys may stand, and is none of them. */
export function isStray(key: string): boolean {
  if (OF_THE_MOMENT.includes(key) || knownKey(key) !== undefined) return false;
  return PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** Whether a key holds a document. */
export function isDefinitionKey(key: string): boolean {
  return DEFINITION_KINDS.some((kind) => nameUnder(definitionKey(kind, ''), key) !== undefined);
}

/** Documents are their authors': one that cannot be read is reported by the service, and kept. */
function definitionAt(key: string): KnownKey | undefined {
  return isDefinitionKey(key) ? { group: 'definitions', read: (value) => value } : undefined;
}

function stateAt(key: string): KnownKey | undefined {
  const kind = RESOURCE_KINDS.find((one) => parseStateKey(one, key) !== undefined);
  return kind && { group: 'states', read: (value) => decodeState(kind, key, value) };
}

function recordAt(key: string): KnownKey | undefined {
  const resource = parseRecordKey(key);
  if (resource === undefined) return undefined;
  const { kind, name } = resource;
  const known: KnownKey = { group: 'records', read: (value) => decodeRecord(kind, key, value) };
  if (kind === 'package') return { ...known, definedBy: definitionKey('Package', name) };
  if (kind === 'scenario') return { ...known, definedBy: definitionKey('Scenario', name) };
  return known;
}

function historyAt(key: string): KnownKey | undefined {
  const resource = parseHistoryKey(key);
  if (resource === undefined) return undefined;
  const { kind, name } = resource;
  return { group: 'history', read: (value) => decodeTransition(kind, name, key, value) };
}

function nodeAt(key: string): KnownKey | undefined {
  if (nameUnder(NODE_PREFIX, key) === undefined) return undefined;
  return { group: 'nodes', read: (value) => decodeNode(key, value) };
}

function intentAt(key: string): KnownKey | undefined {
  if (nameUnder(RECONCILE_PREFIX, key) === undefined) return undefined;
  return { group: 'intents', read: (value) => decodeIntent(key, value) };
}
