import type { ModelState, PackageState } from './resource.ts';
import type { RolledUp } from './model.ts';

/** How many of a package's models are in each state; `absent` ones are named and have no state yet. */
export type ModelCounts = Readonly<Record<ModelState | 'absent', number>>;

/** The counts of a package that names none. */
export const NO_MODELS: ModelCounts = { absent: 0, Created: 0, Paused: 0, Exited: 0, Dead: 0, Running: 0 };

/** First match wins. */
export const PACKAGE_RULES = [
  {
    id: 'package.idle',
    state: 'Idle',
    says: 'it has no models, or none of them has a state yet',
    when: (c) => c.absent === totalModels(c),
  },
  { id: 'package.error', state: 'Error', says: 'every model is Dead', when: (c) => c.Dead === totalModels(c) },
  {
    id: 'package.degraded',
    state: 'Degraded',
    says: 'one or more models, but not all, are Dead',
    when: (c) => c.Dead > 0,
  },
  { id: 'package.paused', state: 'Paused', says: 'every model is Paused', when: (c) => c.Paused === totalModels(c) },
  { id: 'package.exited', state: 'Exited', says: 'every model is Exited', when: (c) => c.Exited === totalModels(c) },
  { id: 'package.running', state: 'Running', says: 'otherwise', when: () => true },
] as const satisfies readonly {
  id: string;
  state: PackageState;
  says: string;
  when: (counts: ModelCounts) => boolean;
}[];

/** The rule of a package's state that a request set. */
export const PACKAGE_REQUESTED = 'package.requested';

/** A package's state, from nothing but how many of its models are in which state. */
export function rollUpPackage(counts: ModelCounts): RolledUp<PackageState> {
  for (const rule of PACKAGE_RULES) if (rule.when(counts)) return { state: rule.state, rule: rule.id };
  throw new Error('the package rules end with one that always holds');
}

/** How many models a package names. */
export function totalModels(counts: ModelCounts): number {
  return counts.absent + counts.Created + counts.Paused + counts.Exited + counts.Dead + counts.Running;
}

/** The counts in words: `2 of 4 models Dead, 2 Running`. */
export function describeModels(counts: ModelCounts): string {
  const parts = (Object.keys(NO_MODELS) as (keyof ModelCounts)[])
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state === 'absent' ? 'without a state' : state}`);
  const all = totalModels(counts);
  return `${all} model${all === 1 ? '' : 's'}: ${parts.join(', ') || 'none'}`;
}
