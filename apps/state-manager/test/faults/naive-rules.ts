import { parse } from 'yaml';
import { under, valueOf, type Contents } from './stores.ts';

/*
 * The rules once more, from the words of the specification and over the stored JSON alone: what the service keeps must
 * agree with what a reader who knows none of its code makes of the nodes' words and the definitions.
 */

interface StoredRecord {
  readonly state: string | null;
  readonly rule: string;
  readonly generation: number;
  readonly missing?: number;
  readonly removed?: true;
  readonly definition?: { readonly models: readonly string[] };
}

const CONTAINER_STATES: Readonly<Record<string, string>> = {
  'container.dead': 'Dead',
  'container.paused': 'Paused',
  'container.exited': 'Exited',
  'container.running': 'Running',
  'container.initialized': 'Initialized',
  'container.created': 'Created',
  'container.unknown': 'Unknown',
};

/** Everything in the store that breaks a rule, a sentence each. For stores whose graces never end within a test. */
export function brokenRules(contents: Contents): readonly string[] {
  const definitions = packageDefinitions(contents);
  return [
    ...brokenStates(contents),
    ...brokenModels(contents, new Set([...definitions.values()].flat())),
    ...brokenPackages(contents, definitions),
    ...brokenHistory(contents),
  ];
}

/** What each package's document names. */
export function packageDefinitions(contents: Contents): ReadonlyMap<string, readonly string[]> {
  const documents = under(contents, 'Package/');
  return new Map(
    documents.map(([name, text]) => {
      const { spec } = parse(text) as { spec: { models: readonly { name: string }[] } };
      return [name, spec.models.map((model) => model.name)];
    }),
  );
}

/** The state of every container of each model, on all nodes. */
function containersByModel(contents: Contents): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [, text] of under(contents, '/statemanager/node/')) {
    const { models } = JSON.parse(text) as { models: Record<string, readonly (readonly [string, string])[]> };
    for (const [model, tuples] of Object.entries(models)) {
      const states = tuples.map(([, rule]) => CONTAINER_STATES[rule] ?? `no rule ${rule}`);
      found.set(model, [...(found.get(model) ?? []), ...states]);
    }
  }
  return found;
}

/** A state key says what its record says, and neither is without the other. */
function brokenStates(contents: Contents): string[] {
  const broken: string[] = [];
  for (const kind of ['scenario', 'package', 'model']) {
    const recorded = recordsOf(contents, kind);
    const stored = new Map(under(contents, `/${kind}/`).map(([rest, state]) => [rest.replace(/\/state$/, ''), state]));
    for (const name of new Set([...recorded.keys(), ...stored.keys()])) {
      const [says, key] = [recorded.get(name)?.state ?? undefined, stored.get(name)];
      if (says !== key) broken.push(`${kind} ${name}: its key says ${key}, its record ${says}`);
    }
  }
  return broken;
}

function brokenModels(contents: Contents, named: ReadonlySet<string>): string[] {
  const broken: string[] = [];
  const containers = containersByModel(contents);
  const records = recordsOf(contents, 'model');
  for (const model of new Set([...containers.keys(), ...records.keys()])) {
    const record = records.get(model);
    const states = containers.get(model) ?? [];
    if (record?.rule === 'model.requested') continue;
    const found = record?.state ?? 'absent';
    if (states.length > 0) {
      const expected = rollUpModel(states);
      if (found !== expected)
        broken.push(`model ${model} with containers ${states.join()} is ${found}, not ${expected}`);
    } else if (!named.has(model)) {
      if (found !== 'absent') broken.push(`model ${model} is ${found}, though nothing holds it`);
    } else if (found !== 'absent' && found !== 'Exited' && record?.missing === undefined) {
      broken.push(`model ${model} is ${found} without a container, and not known to be missing`);
    }
  }
  return broken;
}

function rollUpModel(containers: readonly string[]): string {
  if (containers.includes('Dead')) return 'Dead';
  if (containers.every((state) => state === 'Paused')) return 'Paused';
  return containers.every((state) => state === 'Exited') ? 'Exited' : 'Running';
}

function brokenPackages(contents: Contents, definitions: ReadonlyMap<string, readonly string[]>): string[] {
  const broken: string[] = [];
  const records = recordsOf(contents, 'package');
  const intents = new Set(under(contents, '/statemanager/reconcile/').map(([name]) => name));
  for (const name of new Set([...definitions.keys(), ...records.keys(), ...intents])) {
    const found = records.get(name)?.state ?? 'absent';
    const expected = rollUpPackage((definitions.get(name) ?? []).map((m) => valueOf(contents, `/model/${m}/state`)));
    if (definitions.has(name) && found !== expected) broken.push(`package ${name} is ${found}, not ${expected}`);
    if ((found === 'Error') !== intents.has(name)) {
      broken.push(`package ${name} is ${found} and has ${intents.has(name) ? 'an' : 'no'} intent`);
    }
  }
  return broken;
}

/** What a package is whose models' keys say this; a model without a key is only named. */
export function rollUpPackage(models: readonly (string | undefined)[]): string {
  if (models.every((state) => state === undefined)) return 'Idle';
  const dead = models.filter((state) => state === 'Dead').length;
  if (dead > 0) return dead === models.length ? 'Error' : 'Degraded';
  if (models.every((state) => state === 'Paused')) return 'Paused';
  return models.every((state) => state === 'Exited') ? 'Exited' : 'Running';
}

/** A record's generation is that of its last history entry, which leads to its state. */
function brokenHistory(contents: Contents): string[] {
  const broken: string[] = [];
  for (const kind of ['scenario', 'package', 'model']) {
    for (const [name, { generation, state }] of recordsOf(contents, kind)) {
      if (generation === 0) continue;
      const key = `/statemanager/history/${kind}/${name}/${generation % 64}`;
      const last = JSON.parse(valueOf(contents, key) ?? '{}') as { generation?: number; to?: string | null };
      if (last.generation !== generation || last.to !== state) {
        broken.push(`${key} is ${JSON.stringify(last)}, and the record has generation ${generation} and ${state}`);
      }
    }
  }
  return broken;
}

function recordsOf(contents: Contents, kind: string): ReadonlyMap<string, StoredRecord> {
  const texts = under(contents, `/statemanager/record/${kind}/`);
  return new Map(texts.map(([name, text]) => [name, JSON.parse(text) as StoredRecord]));
}
