import type { ContainerState, ModelState } from './resource.ts';

/** How many containers of a model are in each state, on all nodes together. */
export type ContainerCounts = Readonly<Record<ContainerState, number>>;

/** The counts of a model that has none. */
export const NO_CONTAINERS: ContainerCounts = {
  Dead: 0,
  Paused: 0,
  Exited: 0,
  Running: 0,
  Initialized: 0,
  Created: 0,
  Unknown: 0,
};

/** What the model rules look at. */
export interface ModelFacts {
  readonly counts: ContainerCounts;
  /** Whether a container of it was ever observed. */
  readonly observed: boolean;
  /** Whether it was Exited when its last container went away. */
  readonly wasExited: boolean;
  /** Whether it has been missing for longer than the grace. */
  readonly graceOver: boolean;
}

/** First match wins. */
export const MODEL_RULES = [
  {
    id: 'model.created',
    state: 'Created',
    says: 'it is only named by a definition: no container was ever observed, nobody set it',
    when: (f) => total(f.counts) === 0 && !f.observed,
  },
  {
    id: 'model.missing',
    state: 'Dead',
    says: 'it was observed, no node reports a container of it any more, it was not Exited then, and the grace is over',
    when: (f) => total(f.counts) === 0 && !f.wasExited && f.graceOver,
  },
  { id: 'model.dead', state: 'Dead', says: 'one or more containers are Dead', when: (f) => f.counts.Dead > 0 },
  {
    id: 'model.paused',
    state: 'Paused',
    says: 'every container is Paused',
    when: (f) => f.counts.Paused > 0 && f.counts.Paused === total(f.counts),
  },
  {
    id: 'model.exited',
    state: 'Exited',
    says: 'every container is Exited; or it was Exited when its last container went away',
    when: (f) => (total(f.counts) === 0 ? f.wasExited : f.counts.Exited === total(f.counts)),
  },
  { id: 'model.running', state: 'Running', says: 'otherwise', when: () => true },
] as const satisfies readonly {
  id: string;
  state: ModelState;
  says: string;
  when: (facts: ModelFacts) => boolean;
}[];

/** The rule of a model's state that a request set. */
export const MODEL_REQUESTED = 'model.requested';

/** A roll-up's result. */
export interface RolledUp<S> {
  readonly state: S;
  readonly rule: string;
}

/** A model's state; undefined while it is missing and the grace lasts: it keeps the state it has. */
export function rollUpModel(facts: ModelFacts): RolledUp<ModelState> | undefined {
  const gone = facts.observed && total(facts.counts) === 0;
  if (gone && !facts.wasExited && !facts.graceOver) return undefined;
  for (const rule of MODEL_RULES) if (rule.when(facts)) return { state: rule.state, rule: rule.id };
  throw new Error('the model rules end with one that always holds');
}

/** How many containers a model has. */
export function total(counts: ContainerCounts): number {
  return (
    counts.Dead + counts.Paused + counts.Exited + counts.Running + counts.Initialized + counts.Created + counts.Unknown
  );
}

/**
 * Whether the model is Running only because a container is Unknown: without its Unknown containers it would be in
 * another state, or nothing would be left of it.
 */
export function isInDoubt(counts: ContainerCounts): boolean {
  if (counts.Unknown === 0 || counts.Dead > 0) return false;
  const known = total(counts) - counts.Unknown;
  return known === counts.Paused || known === counts.Exited;
}

/** The counts in words: `1 of 3 containers Dead, 2 Running`. */
export function describeContainers(counts: ContainerCounts): string {
  const parts = (Object.keys(NO_CONTAINERS) as ContainerState[])
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`);
  const all = total(counts);
  const doubt = isInDoubt(counts) ? ' (in doubt: Running only because of what is Unknown)' : '';
  return `${all} container${all === 1 ? '' : 's'}: ${parts.join(', ') || 'none'}${doubt}`;
}
