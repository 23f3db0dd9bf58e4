import { describe, expect, test } from 'vitest';
import { naiveScenario } from '../test/naive-rules.ts';
import { accept, change, newWorld, refuse, stateOf, type World } from '../test/world.ts';
import { SCENARIO_STATES, type ScenarioState } from './resource.ts';
import { allowedFrom, SCENARIO_TRANSITIONS } from './scenario.ts';

/** How to get from an absent scenario into each state. */
const WAY: Readonly<Record<ScenarioState, readonly ScenarioState[]>> = {
  Idle: ['Idle'],
  Waiting: ['Waiting'],
  Satisfied: ['Waiting', 'Satisfied'],
  Allowed: ['Waiting', 'Satisfied', 'Allowed'],
  Denied: ['Waiting', 'Satisfied', 'Denied'],
  Completed: ['Waiting', 'Satisfied', 'Allowed', 'Completed'],
};

function scenarioIn(from: ScenarioState | null): World {
  const world = newWorld();
  for (const state of from === null ? [] : WAY[from]) accept(world, change('scenario', 's', state));
  expect(stateOf(world, 'scenario', 's')).toBe(from);
  return world;
}

const spellings = (state: string): string[] =>
  [state, `SCENARIO_STATE_${state}`].flatMap((text) => [text, text.toLowerCase(), text.toUpperCase()]);

describe.each([null, ...SCENARIO_STATES])('from %s', (from) => {
  const allowed = SCENARIO_STATES.filter((to) => to !== from && naiveScenario(from, to));

  test('the allowed states are listed', () => {
    expect([...allowedFrom(from ?? undefined)].sort()).toEqual([...allowed].sort());
  });

  test.each(SCENARIO_STATES)('to %s, in every spelling', (to) => {
    for (const spelling of spellings(to)) {
      const world = scenarioIn(from);
      const request = change('scenario', 's', spelling);
      if (to === from) {
        expect(accept(world, request)).toEqual([]);
      } else if (allowed.includes(to)) {
        expect(accept(world, request)).toEqual([`scenario s: ${from ?? 'absent'} > ${to}`]);
        expect(world.view.record('scenario', 's')?.rule).toBe('scenario.requested');
      } else {
        const { code, details } = refuse(world, request);
        expect(code).toBe('invalid_state_transition');
        const named = details.slice(details.lastIndexOf('allowed are ') + 'allowed are '.length).split(', ');
        expect(named.sort()).toEqual([...allowed].sort());
        expect(stateOf(world, 'scenario', 's')).toBe(from);
      }
    }
  });
});

test('every transition is somebody’s', () => {
  for (const { by } of SCENARIO_TRANSITIONS) expect(by.length).toBeGreaterThan(0);
});
