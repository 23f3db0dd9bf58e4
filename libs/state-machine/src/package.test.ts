import { describe, expect, test } from 'vitest';
import { listsOf, naivePackage } from '../test/naive-rules.ts';
import { accept, change, definePackage, newWorld, stateOf } from '../test/world.ts';
import { describeModels, NO_MODELS, PACKAGE_RULES, rollUpPackage, type ModelCounts } from './package.ts';
import { MODEL_STATES, type ModelState } from './resource.ts';

type Child = ModelState | null;

const LISTS = listsOf<Child>([...MODEL_STATES, null], 4);

function countsOf(models: readonly Child[]): ModelCounts {
  const counts = { ...NO_MODELS };
  for (const state of models) counts[state ?? 'absent'] += 1;
  return counts;
}

describe('every combination of up to four models', () => {
  test('there are as many as there should be', () => {
    expect(LISTS).toHaveLength(1 + 6 + 6 ** 2 + 6 ** 3 + 6 ** 4);
  });

  test('rolls up as the naive formulation does', () => {
    for (const list of LISTS) {
      const state = naivePackage(list);
      expect(rollUpPackage(countsOf(list)), list.join()).toEqual({ state, rule: `package.${state.toLowerCase()}` });
    }
  });

  test('gives the same package whether its models or its definition come first, in either order', () => {
    for (const list of LISTS) {
      const models = list.map((_, i) => `m${i}`);
      const requests = list.flatMap((state, i) => (state === null ? [] : [change('model', `m${i}`, state)]));
      const define = definePackage('p', models);
      for (const inputs of [
        [define, ...requests],
        [...requests.toReversed(), define],
      ]) {
        const world = newWorld();
        for (const input of inputs) accept(world, input);
        expect(stateOf(world, 'package', 'p'), list.join()).toBe(naivePackage(list));
      }
    }
  });
});

test('rule ids are unique and end with one that always holds', () => {
  const ids = PACKAGE_RULES.map((rule) => rule.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(PACKAGE_RULES.at(-1)?.when(NO_MODELS)).toBe(true);
});

test('counts in words', () => {
  expect(describeModels(NO_MODELS)).toBe('0 models: none');
  expect(describeModels(countsOf(['Dead', null, 'Running', 'Running']))).toBe(
    '4 models: 1 without a state, 1 Dead, 2 Running',
  );
});
