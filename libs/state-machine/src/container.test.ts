import { expect, test } from 'vitest';
import { naiveContainer } from '../test/naive-rules.ts';
import {
  CONTAINER_RULES,
  classifyContainer,
  compareObservations,
  containerStateOf,
  describeObservation,
  isContainerRuleId,
  type ContainerFacts,
  type Observation,
} from './container.ts';

const STATUSES = [
  ...['', 'created', 'configured', 'initialized', 'running', 'paused', 'exited', 'stopped', 'stopping'],
  ...['removing', 'restarting', 'unknown', 'dead', 'improper'],
];
const BOTH = [false, true];
const EXIT_CODES = [undefined, 0, 1, 137, 143, -1, NaN];
const CLEAN = [[0], [0, 143], [143], [0, 1, 137, 143], []].map((codes) => new Set(codes));

const allFacts: ContainerFacts[] = STATUSES.flatMap((status) =>
  BOTH.flatMap((dead) =>
    BOTH.flatMap((oomKilled) =>
      BOTH.flatMap((running) => EXIT_CODES.map((exitCode) => ({ status, dead, oomKilled, running, exitCode }))),
    ),
  ),
);

test('every combination of what Podman says agrees with the naive formulation', () => {
  expect(allFacts).toHaveLength(14 * 8 * 7);
  for (const clean of CLEAN) {
    for (const facts of allFacts) {
      const rule = classifyContainer(facts, clean);
      const input = `${JSON.stringify(facts)} exit code ${facts.exitCode}, clean ${[...clean].join()}`;
      expect(containerStateOf(rule), input).toBe(naiveContainer(facts, clean));
      expect(rule, input).toBe(`container.${containerStateOf(rule).toLowerCase()}`);
    }
  }
});

test('every rule decides something, but the one that is about nothing that Podman says', () => {
  const decided = new Set(allFacts.map((facts) => classifyContainer(facts, new Set([0]))));
  const ids = CONTAINER_RULES.map((rule) => rule.id).filter((id) => id !== 'container.silent');
  expect([...decided].sort()).toEqual(ids.sort());
});

test('an exit code counts only once the container has ended', () => {
  const facts = { dead: false, oomKilled: true, running: true, exitCode: 137 };
  expect(classifyContainer({ ...facts, status: 'running' }, new Set([0]))).toBe('container.running');
  expect(classifyContainer({ ...facts, status: 'paused' }, new Set([0]))).toBe('container.paused');
  expect(classifyContainer({ ...facts, status: 'exited' }, new Set([0]))).toBe('container.dead');
});

test('rule ids are told from other texts', () => {
  for (const { id } of CONTAINER_RULES) expect(isContainerRuleId(id)).toBe(true);
  for (const text of ['', 'container', 'container.Dead', 'model.dead', 'toString']) {
    expect(isContainerRuleId(text)).toBe(false);
  }
});

test('observations are described with what explains them', () => {
  const seen = { model: 'm', name: 'app', since: 1000 };
  expect(describeObservation({ ...seen, rule: 'container.running' })).toBe('app is Running');
  expect(describeObservation({ ...seen, rule: 'container.exited', exitCode: 0 })).toBe('app is Exited: exit code 0');
  expect(describeObservation({ ...seen, rule: 'container.dead', exitCode: 137, oomKilled: true })).toBe(
    'app is Dead: exit code 137, OOM killed',
  );
});

test('the order of observations is total: none that differ compare as equal', () => {
  const exitCodes = [undefined, -1, 0, 1];
  const all: Observation[] = ['a', 'b'].flatMap((model) =>
    ['x', 'y'].flatMap((name) =>
      (['container.dead', 'container.exited'] as const).flatMap((rule) =>
        exitCodes.flatMap((code) =>
          [undefined, true as const].map((oomKilled) => ({
            ...{ model, name, rule, since: 1000 },
            ...(code === undefined ? undefined : { exitCode: code }),
            ...(oomKilled ? { oomKilled } : undefined),
          })),
        ),
      ),
    ),
  );
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) {
      const order = compareObservations(a, b);
      expect(order === 0, `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(i === j);
      expect(Math.sign(order) + Math.sign(compareObservations(b, a))).toBe(0);
    }
  }
});
