import { describe, expect, test } from 'vitest';
import { listsOf, naiveDoubt, naiveModel } from '../test/naive-rules.ts';
import { accept, newWorld, report, stateOf } from '../test/world.ts';
import {
  describeContainers,
  isInDoubt,
  MODEL_RULES,
  NO_CONTAINERS,
  rollUpModel,
  type ContainerCounts,
} from './model.ts';
import { CONTAINER_STATES, type ContainerState } from './resource.ts';

const BOTH = [false, true];
const LISTS = listsOf(CONTAINER_STATES, 4);

/** What Podman says of a container in each state. */
const WORDS: Readonly<Record<ContainerState, string>> = {
  Dead: 'exited:1',
  Paused: 'paused',
  Exited: 'exited:0',
  Running: 'running',
  Initialized: 'initialized',
  Created: 'created',
  Unknown: 'unknown',
};

function countsOf(states: readonly ContainerState[]): ContainerCounts {
  const counts = { ...NO_CONTAINERS };
  for (const state of states) counts[state] += 1;
  return counts;
}

describe('every combination of up to four containers', () => {
  test('there are as many as there should be', () => {
    expect(LISTS).toHaveLength(1 + 7 + 7 ** 2 + 7 ** 3 + 7 ** 4);
  });

  test('rolls up as the naive formulation does, whatever was before', () => {
    for (const list of LISTS.filter((states) => states.length > 0)) {
      for (const wasExited of BOTH) {
        for (const graceOver of BOTH) {
          const rolledUp = rollUpModel({ counts: countsOf(list), observed: true, wasExited, graceOver });
          const state = naiveModel(list);
          expect(rolledUp, list.join()).toEqual({ state, rule: `model.${state.toLowerCase()}` });
        }
      }
    }
  });

  test('is in doubt as the naive formulation says', () => {
    for (const list of LISTS) expect(isInDoubt(countsOf(list)), list.join()).toBe(naiveDoubt(list));
  });

  test('gives the same model when reported in either order, and from two nodes', () => {
    for (const list of LISTS.filter((states) => states.length > 0)) {
      const words = list.map((state) => WORDS[state]);
      const expected = naiveModel(list);
      for (const split of [0, 1, words.length]) {
        const world = newWorld();
        accept(world, report('n1', { m: words.slice(0, split) }));
        accept(world, report('n2', { m: words.slice(split).reverse() }));
        expect(stateOf(world, 'model', 'm'), `${list.join()} split at ${split}`).toBe(expected);
      }
    }
  });
});

test('without containers', () => {
  const cases = BOTH.flatMap((observed) =>
    BOTH.flatMap((wasExited) => BOTH.map((graceOver) => ({ observed, wasExited, graceOver }))),
  );
  for (const { observed, wasExited, graceOver } of cases) {
    const rolledUp = rollUpModel({ counts: NO_CONTAINERS, observed, wasExited, graceOver });
    const input = JSON.stringify({ observed, wasExited, graceOver });
    if (!observed) expect(rolledUp, input).toEqual({ state: 'Created', rule: 'model.created' });
    else if (wasExited) expect(rolledUp, input).toEqual({ state: 'Exited', rule: 'model.exited' });
    else if (graceOver) expect(rolledUp, input).toEqual({ state: 'Dead', rule: 'model.missing' });
    else expect(rolledUp, input).toBeUndefined();
  }
});

test('rule ids are unique and end with one that always holds', () => {
  const ids = MODEL_RULES.map((rule) => rule.id);
  expect(new Set(ids).size).toBe(ids.length);
  const nothing = { counts: NO_CONTAINERS, observed: false, wasExited: false, graceOver: false };
  expect(MODEL_RULES.at(-1)?.when(nothing)).toBe(true);
});

test('counts in words', () => {
  expect(describeContainers(NO_CONTAINERS)).toBe('0 containers: none');
  expect(describeContainers(countsOf(['Running', 'Dead', 'Running']))).toBe('3 containers: 1 Dead, 2 Running');
  expect(describeContainers(countsOf(['Unknown']))).toBe(
    '1 container: 1 Unknown (in doubt: Running only because of what is Unknown)',
  );
});
