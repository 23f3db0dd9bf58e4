import type {
  Fleet,
  Intent,
  ModelRecord,
  NodeRecord,
  PackageRecord,
  ResourceKind,
  ScenarioRecord,
} from '@statemanager/state-machine';
import { SortedMap } from './sorted-map.ts';

/** What can be read: resources, and the nodes that report them. */
export const READ_KINDS = ['scenario', 'package', 'model', 'node'] as const;
export type ReadKind = (typeof READ_KINDS)[number];

/** What is known of one thing. Entries never change: another one takes their place. */
export interface EntryOf {
  scenario: { readonly record: ScenarioRecord; readonly revision: number };
  package: {
    readonly record: PackageRecord;
    readonly revision: number;
    readonly intent: Intent | undefined;
    readonly scenarios: readonly string[];
  };
  model: {
    /** undefined: it is only named by a definition. */
    readonly record: ModelRecord | undefined;
    readonly revision: number;
    readonly nodes: readonly string[];
    readonly packages: readonly string[];
  };
  node: { readonly record: NodeRecord; readonly revision: number };
}

/** All entries, by kind and name. */
export type Entries = { readonly [K in ReadKind]: SortedMap<EntryOf[K]> };

export function emptyEntries(): Entries {
  return { scenario: new SortedMap(), package: new SortedMap(), model: new SortedMap(), node: new SortedMap() };
}

/** The entries as they are now; it costs nothing. */
export function copyEntries(entries: Entries): Entries {
  return {
    scenario: entries.scenario.copy(),
    package: entries.package.copy(),
    model: entries.model.copy(),
    node: entries.node.copy(),
  };
}

const BUILD: { readonly [K in ReadKind]: (view: Fleet, name: string, revision: number) => EntryOf[K] | undefined } = {
  scenario: (view, name, revision) => {
    const record = view.record('scenario', name);
    const known = record !== undefined && (record.state !== null || record.definition !== undefined);
    return known ? { record, revision } : undefined;
  },
  package: (view, name, revision) => {
    const record = view.record('package', name);
    if (record === undefined || record.state === null) return undefined;
    return { record, revision, intent: view.intent(name), scenarios: view.scenariosTargeting(name) };
  },
  model: (view, name, revision) => {
    const known = view.record('model', name);
    const record = known?.state === null ? undefined : known;
    const packages = view.packagesOf(name);
    if (record === undefined && packages.length === 0) return undefined;
    return { record, revision: record === undefined ? 0 : revision, nodes: view.nodesOf(name), packages };
  },
  node: (view, name, revision) => {
    const record = view.node(name);
    return record && { record, revision };
  },
};

/** What is to be read of one thing; undefined if nothing is. */
export function buildEntry<K extends ReadKind>(
  view: Fleet,
  kind: K,
  name: string,
  revision: number,
): EntryOf[K] | undefined {
  return BUILD[kind](view, name, revision);
}

/** Everything that might have an entry. */
export function namesIn(view: Fleet, kind: ReadKind): Iterable<string> {
  if (kind !== 'model') return view.names(kind);
  const named = new Set<string>(view.names('model'));
  for (const name of view.names('package')) {
    for (const model of view.record('package', name)?.definition?.models ?? []) named.add(model);
  }
  return named;
}

/** Resources have history; nodes have none. */
export function isResourceKind(kind: ReadKind): kind is ResourceKind {
  return kind !== 'node';
}
