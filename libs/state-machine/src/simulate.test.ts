import { describe, expect, test } from 'vitest';
import { containerIn } from '../test/reality.ts';
import { accept, change, definePackage, defineScenario, newWorld, report, type World } from '../test/world.ts';
import { containerStateOf } from './container.ts';
import type { Rejection } from './decision.ts';
import { CONTAINER_STATES, type ContainerState } from './resource.ts';
import { simulate, type Hypothesis, type Simulation } from './simulate.ts';

/** Package p names a, b and c: a runs on n1, b on both, c on n2. Scenario s targets p. */
function twoNodes(): World {
  const world = newWorld();
  accept(world, definePackage('p', ['a', 'b', 'c']));
  accept(world, defineScenario('s', 'p'));
  accept(world, report('n1', { a: ['running'], b: ['running'] }));
  accept(world, report('n2', { b: ['running'], c: ['exited:0'] }));
  return world;
}

function supposed(world: World, ...hypotheses: Hypothesis[]): Simulation {
  const simulation = simulate(world.view, hypotheses, world.options, world.at + 1000);
  return 'accepted' in simulation ? expect.fail(simulation.details) : simulation;
}

function refused(world: World, ...hypotheses: Hypothesis[]): Rejection {
  const simulation = simulate(world.view, hypotheses, world.options, world.at + 1000);
  return 'accepted' in simulation ? simulation : expect.fail('it is accepted');
}

/** The impacts as `package p: Running > Error (package.error)`. */
function impactsOf(world: World, ...hypotheses: Hypothesis[]): string[] {
  return supposed(world, ...hypotheses).impacts.map(
    ({ kind, name, from, to, rule }) => `${kind} ${name}: ${from ?? 'absent'} > ${to ?? 'absent'} (${rule})`,
  );
}

const lost = (node: string): Hypothesis => ({ type: 'node-lost', node });
const model = (name: string, state: 'Dead' | 'Running' | 'Exited'): Hypothesis => ({ type: 'model', name, state });

describe('a node that is lost', () => {
  test('takes along what only it reports, beyond any grace', () => {
    const world = twoNodes();
    expect(impactsOf(world, lost('n1'))).toEqual([
      'package p: Running > Degraded (package.degraded)',
      'model a: Running > Dead (model.missing)',
    ]);
    expect(impactsOf(world, lost('n2'))).toEqual([]);
  });

  test('is counted together with others that are lost', () => {
    const world = twoNodes();
    expect(impactsOf(world, lost('n1'), lost('n2'))).toEqual([
      'package p: Running > Degraded (package.degraded)',
      'model a: Running > Dead (model.missing)',
      'model b: Running > Dead (model.missing)',
    ]);
  });

  test('leaves graces that run for another reason alone', () => {
    const world = twoNodes();
    accept(world, report('n1', { b: ['running'] }));
    expect(impactsOf(world, lost('n2'))).toEqual([]);
    expect(supposed(world, lost('n2')).fleet.record('model', 'a')).toMatchObject({ state: 'Running', missing: 1 });
  });
});

describe('a model that is set', () => {
  test('cascades, and says which reconciles would be asked for', () => {
    const world = twoNodes();
    const hypotheses = ['a', 'b', 'c'].map((name) => model(name, 'Dead'));
    const { impacts, reconciles } = supposed(world, ...hypotheses);
    expect(impacts[0]).toEqual({
      kind: 'package',
      name: 'p',
      from: 'Running',
      to: 'Error',
      rule: 'package.error',
      cause: 'model c became Dead; 3 models: 3 Dead',
    });
    expect(reconciles).toEqual(['p']);
    expect(world.view.intent('p')).toBeUndefined();
  });

  test('names no reconcile that is asked for already', () => {
    const world = twoNodes();
    accept(world, report('n1', { a: ['exited:1'], b: ['exited:1'] }));
    accept(world, report('n2', { c: ['exited:1'] }));
    expect(world.view.intent('p')).toBeDefined();
    expect(supposed(world, lost('n1')).reconciles).toEqual([]);
    expect(supposed(world, model('a', 'Running'), model('a', 'Dead')).reconciles).toEqual(['p']);
  });

  test('goes through all of its states in their order, the last of which it had before', () => {
    const world = twoNodes();
    const there = [model('a', 'Dead'), model('a', 'Running')];
    expect(impactsOf(world, ...there)).toEqual([]);
    expect(impactsOf(world, ...there, model('a', 'Dead'))).toContain('model a: Running > Dead (model.requested)');
  });

  test('is not mistaken for a request that was applied', () => {
    const world = twoNodes();
    for (const transitionId of ['hypothesis', 'hypothesis-0', 'hypothesis-1']) {
      accept(world, change('model', 'a', 'Dead', { transitionId }));
      accept(world, change('model', 'a', 'Running'));
    }
    expect(impactsOf(world, model('a', 'Dead'))).toContain('model a: Running > Dead (model.requested)');
  });
});

test('a package that is defined is evaluated with its models as they would be', () => {
  const world = twoNodes();
  const defined: Hypothesis = { type: 'package-defined', name: 'q', models: ['c', 'd'] };
  expect(impactsOf(world, defined)).toEqual(['package q: absent > Running (package.running)']);
  expect(impactsOf(world, model('c', 'Dead'), model('d', 'Dead'), defined)).toContain(
    'package q: absent > Error (package.error)',
  );
  const orphaning: Hypothesis = { type: 'package-defined', name: 'p', models: ['b', 'c'] };
  expect(impactsOf(world, lost('n1'), orphaning)).toEqual(['model a: Running > absent (model.removed)']);
});

test('a scenario that is defined moves nothing, and targets what it says', () => {
  const world = twoNodes();
  const defined: Hypothesis = { type: 'scenario-defined', name: 'r', target: 'p', action: 'terminate' };
  const { impacts, fleet } = supposed(world, defined);
  expect(impacts).toEqual([]);
  expect(fleet.scenariosTargeting('p')).toEqual(['r', 's']);
  expect(world.view.scenariosTargeting('p')).toEqual(['s']);
});

test('what would be refused is refused as it would be', () => {
  const world = twoNodes();
  expect(refused(world, model('-a', 'Dead'))).toMatchObject({ code: 'invalid_request' });
  const small = { ...world, options: { ...world.options, maxResourcesCount: 3 } };
  expect(refused(small, lost('n1'), model('d', 'Dead'))).toMatchObject({ code: 'resource_unavailable' });
  expect(world.view.record('model', 'd')).toBeUndefined();
});

describe('a container that comes into a state', () => {
  /** A node with one container of model m in each state, named as it, and two of other models. */
  function oneOfEach(): World {
    const world = newWorld({ cleanExitCodes: new Set([0, 143]) });
    const each = CONTAINER_STATES.map((state) => containerIn('m', state, state));
    const others = [containerIn('a', 'x', 'Running'), { ...containerIn('z', 'x', 'Exited'), exitCode: 143 }];
    accept(world, { type: 'report', node: 'n1', containers: [...each, ...others] });
    accept(world, report('n2', { m: ['running'] }));
    return world;
  }

  const containers = [...CONTAINER_STATES, 'new'].flatMap((name) => CONTAINER_STATES.map((state) => ({ name, state })));

  test.each(containers)('$name reads back as $state, and all others are as they were', ({ name, state }) => {
    const world = oneOfEach();
    const before = world.view.node('n1')?.containers ?? [];
    const { fleet } = supposed(world, { type: 'container', node: 'n1', model: 'm', name, state });
    const after = fleet.node('n1')?.containers ?? [];
    const isIt = (o: { model: string; name: string }): boolean => o.model === 'm' && o.name === name;
    expect(after.filter(isIt).map(({ rule }) => containerStateOf(rule))).toEqual([state]);
    expect(after.filter((o) => !isIt(o))).toEqual(before.filter((o) => !isIt(o)));
    expect(fleet.node('n2')).toBe(world.view.node('n2'));
    if (name === state) expect(after).toEqual(before);
  });

  test.each(CONTAINER_STATES)('as %s may be the first of a node that is not known', (state) => {
    const world = newWorld();
    const { fleet } = supposed(world, { type: 'container', node: 'n1', model: 'm', name: 'x', state });
    expect(fleet.node('n1')?.containers.map(({ rule }) => containerStateOf(rule))).toEqual([state]);
    expect(world.view.node('n1')).toBeUndefined();
  });

  test('that it is in already does not end what a request has set', () => {
    const world = newWorld();
    const states: ContainerState[] = ['Dead', 'Exited'];
    for (const state of states) {
      accept(world, { type: 'report', node: 'n1', containers: [containerIn(state, 'x', state)] });
      accept(world, change('model', state, 'Running'));
      expect(impactsOf(world, { type: 'container', node: 'n1', model: state, name: 'x', state })).toEqual([]);
    }
  });

  test('takes the place of all of its name', () => {
    const world = newWorld();
    const twins = [containerIn('m', 'x', 'Dead'), containerIn('m', 'x', 'Running')];
    accept(world, { type: 'report', node: 'n1', containers: twins });
    for (const state of CONTAINER_STATES) {
      const { fleet } = supposed(world, { type: 'container', node: 'n1', model: 'm', name: 'x', state });
      expect(fleet.node('n1')?.containers.map(({ rule }) => containerStateOf(rule))).toEqual([state]);
    }
  });
});
