import fc, { type Arbitrary } from 'fast-check';
import { decide, DEFAULT_RULE_OPTIONS, Fleet } from '../src/index.ts';
import type { Decision, Input, PackageState, Rejection, RuleOptions } from '../src/index.ts';
import { plans, type Plan } from './inputs.ts';
import { seeded } from './seed.ts';

/** One step of a sequence: what was known, what came, and what was decided. */
export interface Step {
  readonly view: Fleet;
  readonly input: Input;
  readonly decision: Decision | Rejection;
}

/** Who looks at each step: before the view absorbs the decision, and after. */
export interface Watch {
  readonly before?: (step: Step) => void;
  readonly after?: (step: Step) => void;
}

const OPTION_SETS: readonly Partial<RuleOptions>[] = [
  {},
  { missingGraceMs: 0 },
  { missingAs: 'Exited', cleanExitCodes: new Set([0, 143]) },
  { reconcileOn: new Set<PackageState>(['Error', 'Degraded']), missingGraceMs: 0, missingAs: 'Exited' },
];

/** Any sequence of inputs. */
export const sequences: Arbitrary<Plan[]> = fc.array(plans, { minLength: 1, maxLength: 50, size: 'max' });

/** The ways in which operators set the rules. */
export const optionSets = fc
  .constantFrom(...OPTION_SETS)
  .map((set): RuleOptions => ({ ...DEFAULT_RULE_OPTIONS, ...set }));

/** Tries a property of sequences and options. */
export function holds(
  runsCount: number,
  property: (sequence: readonly Plan[], options: RuleOptions) => void,
  round = 0,
): void {
  fc.assert(fc.property(sequences, optionSets, property), seeded(runsCount, round));
}

/** Plays a sequence from nothing, and returns what is known at its end. */
export function play(sequence: readonly Plan[], options: RuleOptions, watch: Watch = {}): Fleet {
  const view = new Fleet();
  for (const [i, plan] of sequence.entries()) {
    const input: Input = { ...plan(view), at: 1000 + i };
    const decision = decide(view, input, options);
    watch.before?.({ view, input, decision });
    if (decision.accepted && decision.changes !== undefined) view.absorb(decision.changes);
    watch.after?.({ view, input, decision });
  }
  return view;
}
