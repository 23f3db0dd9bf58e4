import {
  containersOf,
  NO_CONTAINERS,
  containerStateOf,
  type ContainerCounts,
  type Observation,
} from '@statemanager/state-machine';
import type { Entries, EntryOf } from './entries.ts';
import type { Presence } from './presence.ts';

/** Everything as it was at one revision. */
export interface Picture {
  readonly revision: number;
  readonly entries: Entries;
  /** Who was heard, which is always as of now. */
  readonly presence: Presence;
}

/** What one node says of a model. */
export interface NodePart {
  readonly node: string;
  readonly containers: readonly Observation[];
}

/** What each node says of a model, by node. */
export function partsOf({ entries }: Picture, name: string, entry: EntryOf['model']): readonly NodePart[] {
  return entry.nodes.map((node) => ({
    node,
    containers: containersOf(entries.node.get(node)?.record.containers ?? [], name),
  }));
}

/** How many containers are in each state. */
export function countContainers(parts: readonly NodePart[]): ContainerCounts {
  const counts = { ...NO_CONTAINERS };
  for (const { containers } of parts) for (const { rule } of containers) counts[containerStateOf(rule)] += 1;
  return counts;
}

/** How far a state can be trusted. */
export interface Trust {
  /** It rests on what a node has not confirmed since this process took over. */
  readonly stale: boolean;
  /** It is Running only because of what is Unknown. */
  readonly inDoubt: boolean;
}

const SURE: Trust = { stale: false, inDoubt: false };

export function trustInModel(picture: Picture, name: string): Trust {
  const entry = picture.entries.model.get(name);
  if (entry?.record === undefined) return SURE;
  const stale = entry.nodes.some((node) => !picture.presence.isConfirmed(node));
  return { stale, inDoubt: entry.record.doubt ?? false };
}

export function trustInPackage(picture: Picture, entry: EntryOf['package']): Trust {
  const models = (entry.record.definition?.models ?? []).map((model) => trustInModel(picture, model));
  return { stale: models.some(({ stale }) => stale), inDoubt: models.some(({ inDoubt }) => inDoubt) };
}
