import type { ScenarioState } from './resource.ts';

/** A component that may ask for a scenario's transition. */
export type Component = 'ApiServer' | 'FilterGateway' | 'PolicyManager' | 'ActionController';

/** One row of the table of a scenario's transitions. */
export interface ScenarioTransition {
  /** undefined: the scenario is absent; `any`: whatever it is, absent included. */
  readonly from: ScenarioState | 'any' | undefined;
  readonly to: ScenarioState;
  /** Checked only where callers are authenticated. */
  readonly by: readonly Component[];
}

/** Every transition there is; all others are refused. */
export const SCENARIO_TRANSITIONS: readonly ScenarioTransition[] = [
  { from: undefined, to: 'Idle', by: ['ApiServer'] },
  { from: undefined, to: 'Waiting', by: ['FilterGateway'] },
  { from: 'Idle', to: 'Waiting', by: ['FilterGateway'] },
  { from: 'Waiting', to: 'Satisfied', by: ['FilterGateway', 'ActionController'] },
  { from: 'Satisfied', to: 'Allowed', by: ['PolicyManager'] },
  { from: 'Satisfied', to: 'Denied', by: ['PolicyManager'] },
  { from: 'Allowed', to: 'Completed', by: ['ActionController'] },
  { from: 'any', to: 'Idle', by: ['ApiServer'] },
];

/** The rule of every scenario state: a component asked for it. */
export const SCENARIO_REQUESTED = 'scenario.requested';

/** Who may ask for a transition that is allowed. */
export function askedBy(from: ScenarioState | undefined, to: ScenarioState): readonly Component[] {
  return SCENARIO_TRANSITIONS.filter((t) => (t.from === from || t.from === 'any') && t.to === to).flatMap((t) => t.by);
}

/** The states a scenario may go to from `from` (undefined: it is absent), without repeats. */
export function allowedFrom(from: ScenarioState | undefined): readonly ScenarioState[] {
  const to = SCENARIO_TRANSITIONS.filter((t) => t.from === from || t.from === 'any').map((t) => t.to);
  return [...new Set(to)].filter((state) => state !== from);
}
