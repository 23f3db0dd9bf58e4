import { describe, expect, test } from 'vitest';
import {
  accept,
  change,
  definePackage,
  defineScenario,
  happen,
  newWorld,
  offload,
  refuse,
  report,
  stateOf,
  type Happening,
  type World,
} from '../test/world.ts';
import type { ResourceKind } from './resource.ts';

const forget = (node: string): Happening => ({ type: 'node-forgotten', node, source: 'operator' });
const remove = (kind: ResourceKind, name: string): Happening => ({
  type: 'resource-deleted',
  kind,
  name,
  source: 'operator',
});
const pause = (packageName: string): Happening => ({ type: 'reconcile-paused', packageName });
const resume = (packageName: string): Happening => ({ type: 'reconcile-resumed', packageName });

/** Package p names a and b; n1 runs both, n2 runs a too. */
function twoNodes(): World {
  const world = newWorld();
  accept(world, definePackage('p', ['a', 'b']));
  accept(world, report('n1', { a: ['running'], b: ['running'] }));
  accept(world, report('n2', { a: ['exited:1'] }));
  return world;
}

describe('a node that is forgotten', () => {
  test('takes what it said with it, and its record goes', () => {
    const world = twoNodes();
    expect(accept(world, forget('n2'))).toEqual(['model a: Dead > Running', 'package p: Degraded > Running']);
    expect(world.view.node('n2')).toBeUndefined();
    expect([...world.view.names('node')]).toEqual(['n1']);
    expect(world.view.count('node')).toBe(1);
    expect(world.transitions.at(-1)).toMatchObject({ source: 'operator' });
  });

  test('leaves what only it reported missing at once, without grace', () => {
    const world = twoNodes();
    expect(accept(world, forget('n1'))).toEqual(['model b: Running > Dead', 'package p: Degraded > Error']);
    expect(world.view.record('model', 'b')).toMatchObject({ rule: 'model.missing', source: 'operator' });
    expect(world.view.record('model', 'b')).not.toHaveProperty('missing');
    expect(world.view.intent('p')).toBeDefined();
  });

  test('does not wait for an offload either, and ends it', () => {
    const world = twoNodes();
    accept(world, offload('b', 'o1', true, 'n3'));
    accept(world, forget('n1'));
    expect(world.view.record('model', 'b')).toMatchObject({ state: 'Dead' });
    expect(world.view.record('model', 'b')).not.toHaveProperty('offload');
  });

  test('leaves an Exited model Exited, and removes one that nothing names', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a']));
    accept(world, report('n1', { a: ['exited:0'], x: ['running'] }));
    expect(accept(world, forget('n1'))).toEqual(['model x: Running > absent']);
    expect(stateOf(world, 'model', 'a')).toBe('Exited');
  });

  test('that reported nothing any more leaves the graces that run as they are', () => {
    const world = twoNodes();
    accept(world, report('n1'));
    expect(accept(world, forget('n1'))).toEqual([]);
    expect(world.view.record('model', 'b')).toMatchObject({ state: 'Running', missing: 1 });
    expect(world.view.node('n1')).toBeUndefined();
  });

  test('is new when it reports again', () => {
    const world = twoNodes();
    accept(world, forget('n1'));
    accept(world, report('n1', { a: ['running'], b: ['running'] }));
    expect(world.view.node('n1')?.containers.map(({ since }) => since)).toEqual([world.at, world.at]);
    expect(stateOf(world, 'model', 'b')).toBe('Running');
  });

  test('must be known', () => {
    const { code, details } = refuse(newWorld(), forget('n9'));
    expect(code).toBe('resource_not_found');
    expect(details).toContain('n9');
  });
});

describe('a resource that is deleted', () => {
  test.each([
    ['scenario', 'Waiting'],
    ['package', 'Paused'],
    ['model', 'Running'],
  ] as const)('a %s that only a request made is removed', (kind, state) => {
    const world = newWorld();
    accept(world, change(kind, 'x', state));
    expect(accept(world, remove(kind, 'x'))).toEqual([`${kind} x: ${state} > absent`]);
    expect(world.transitions.at(-1)).toMatchObject({
      rule: `${kind}.deleted`,
      cause: 'operator deleted it',
      source: 'operator',
    });
    expect(world.view.record(kind, 'x')).toMatchObject({ state: null, removed: true, generation: 2 });
    expect(world.view.count(kind)).toBe(0);
    expect(refuse(world, remove(kind, 'x')).code).toBe('resource_not_found');
  });

  test('takes its intent, its pause and its offload with it', () => {
    const world = newWorld();
    accept(world, change('package', 'p', 'Error'));
    accept(world, pause('p'));
    accept(world, remove('package', 'p'));
    expect(world.view.intent('p')).toBeUndefined();
    expect(world.view.record('package', 'p')).not.toHaveProperty('reconcilePaused');
    accept(world, change('model', 'm', 'Running'));
    accept(world, offload('m', 'o1', true, 'n1'));
    accept(world, remove('model', 'm'));
    expect(world.view.record('model', 'm')).not.toHaveProperty('offload');
  });

  test('is refused while something else holds it, and the refusal says what', () => {
    const world = twoNodes();
    accept(world, defineScenario('s', 'p'));
    accept(world, change('scenario', 's', 'Idle'));
    accept(world, report('n3', { x: ['running'] }));
    const held = [
      ['scenario', 's', 'its definition'],
      ['package', 'p', 'its definition'],
      ['model', 'a', 'the definition of package p'],
      ['model', 'x', 'containers on n3'],
    ] as const;
    for (const [kind, name, by] of held) {
      const { code, details } = refuse(world, remove(kind, name));
      expect(code).toBe('precondition_failed');
      expect(details).toBe(`${kind} ${name} is held by ${by}`);
      expect(stateOf(world, kind, name)).not.toBeNull();
    }
  });

  test('must have a state: being named or defined is none', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['m']));
    accept(world, defineScenario('s', 'p'));
    const stateless = [
      ['model', 'm'],
      ['scenario', 's'],
      ['package', 'unknown'],
    ] as const;
    for (const [kind, name] of stateless) {
      expect(refuse(world, remove(kind, name)).code).toBe('resource_not_found');
    }
  });
});

describe('a package whose reconciles are paused', () => {
  test('moves no state, and its intents are made and ended all the same', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a']));
    expect(accept(world, pause('p'))).toEqual([]);
    expect(world.view.record('package', 'p')).toMatchObject({ state: 'Idle', reconcilePaused: true });
    expect(accept(world, report('n1', { a: ['exited:1'] }))).toContain('package p: Idle > Error');
    expect(world.view.intent('p')).toBeDefined();
    expect(accept(world, resume('p'))).toEqual([]);
    expect(world.view.record('package', 'p')).not.toHaveProperty('reconcilePaused');
    expect(world.view.intent('p')).toBeDefined();
  });

  test('is paused or resumed once: again changes nothing at all', () => {
    const world = newWorld();
    accept(world, definePackage('p', []));
    expect(happen(world, resume('p'))).toMatchObject({ accepted: true, changes: undefined });
    accept(world, pause('p'));
    expect(happen(world, pause('p'))).toMatchObject({ accepted: true, changes: undefined });
  });

  test('is not paused any more when it comes again after its removal', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a']));
    accept(world, pause('p'));
    accept(world, { type: 'package-undefined', name: 'p' });
    for (const steer of [pause, resume]) expect(refuse(world, steer('p')).code).toBe('resource_not_found');
    accept(world, definePackage('p', ['a']));
    expect(world.view.record('package', 'p')).not.toHaveProperty('reconcilePaused');
  });

  test('must be known', () => {
    for (const steer of [pause, resume]) expect(refuse(newWorld(), steer('p')).code).toBe('resource_not_found');
  });
});
