import { Fleet, RESOURCE_KINDS } from '../src/index.ts';
import { MODELS, PACKAGES } from './inputs.ts';

/** Everything a fleet says of itself, as plain data that can be compared. */
export function dump(view: Fleet): unknown {
  const each = <T>(names: Iterable<string>, of: (name: string) => T): [string, T][] =>
    [...names].sort().map((name) => [name, of(name)]);
  return structuredClone({
    records: RESOURCE_KINDS.map((kind) => each(view.names(kind), (name) => view.record(kind, name))),
    nodes: each(view.names('node'), (name) => view.node(name)),
    intents: each(view.names('intent'), (name) => view.intent(name)),
    containerCounts: each(MODELS, (name) => view.containerCounts(name)),
    modelCounts: each(PACKAGES, (name) => view.modelCounts(name)),
    packagesOf: each(MODELS, (name) => [...view.packagesOf(name)].sort()),
    nodesOf: each(MODELS, (name) => view.nodesOf(name)),
    scenariosTargeting: each(PACKAGES, (name) => view.scenariosTargeting(name)),
    sizes: ([...RESOURCE_KINDS, 'node'] as const).map((kind) => view.count(kind)),
    removed: [...view.removed()].sort(),
    removedCount: view.removedCount(),
  });
}

/** A fleet loaded from another one's records, as after a restart; `reversed`: in the opposite order. */
export function reload(view: Fleet, reversed: boolean): Fleet {
  const fresh = new Fleet();
  const puts: (() => void)[] = [];
  for (const kind of RESOURCE_KINDS) {
    for (const name of view.names(kind)) puts.push(() => fresh.putRecord(kind, name, view.record(kind, name)));
  }
  for (const name of view.names('node')) puts.push(() => void fresh.putNode(name, view.node(name)));
  for (const name of view.names('intent')) puts.push(() => fresh.putIntent(name, view.intent(name)));
  for (const put of reversed ? puts.toReversed() : puts) put();
  return fresh;
}
