import { describe, expect, test } from 'vitest';
import { accept, change, definePackage, defineScenario, newWorld, refuse, report, stateOf } from '../test/world.ts';

describe('a package’s definition', () => {
  test('creates its package, stored at once, and each model is named once', () => {
    const world = newWorld();
    expect(accept(world, definePackage('p', ['a', 'b', 'a'], 7))).toEqual(['package p: absent > Idle']);
    expect(world.view.record('package', 'p')).toMatchObject({
      definition: { revision: 7, models: ['a', 'b'] },
      source: 'definition',
      cause: 'its definition appeared; 2 models: 2 without a state',
    });
    expect(world.view.count('model')).toBe(0);
  });

  test('evaluates it when it changes', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['running'], b: ['exited:1'] }));
    expect(accept(world, definePackage('p', ['a']))).toEqual(['package p: absent > Running']);
    expect(accept(world, definePackage('p', ['a', 'b'], 2))).toEqual(['package p: Running > Degraded']);
    expect(accept(world, definePackage('p', ['b'], 3))).toEqual(['package p: Degraded > Error']);
    expect(accept(world, definePackage('p', [], 4))).toEqual(['package p: Error > Idle']);
  });

  test('that is deleted removes the package’s state and intent', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['exited:1'] }));
    accept(world, definePackage('p', ['a']));
    expect(world.view.intent('p')).toBeDefined();
    expect(accept(world, { type: 'package-undefined', name: 'p' })).toEqual(['package p: Error > absent']);
    expect(world.view.intent('p')).toBeUndefined();
    expect(world.view.record('package', 'p')).toMatchObject({ state: null, removed: true, rule: 'package.removed' });
    expect(world.view.record('package', 'p')).not.toHaveProperty('definition');
    expect(stateOf(world, 'model', 'a')).toBe('Dead');
    expect(accept(world, { type: 'package-undefined', name: 'p' })).toEqual([]);
  });

  test('of one package moves no other', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['running'] }));
    accept(world, definePackage('q', ['a']));
    accept(world, definePackage('p', ['a']));
    accept(world, { type: 'package-undefined', name: 'p' });
    expect(world.view.packagesOf('a')).toEqual(['q']);
    expect(accept(world, report('n1', { a: ['paused'] }))).toEqual([
      'model a: Running > Paused',
      'package q: Running > Paused',
    ]);
  });
});

describe('a model that nothing holds any more is removed at once', () => {
  test('when its last container goes and no definition names it', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['running'] }));
    expect(accept(world, report('n1'))).toEqual(['model a: Running > absent']);
    expect(world.view.record('model', 'a')).toMatchObject({ rule: 'model.removed', removed: true });
    expect(world.view.count('model')).toBe(0);
  });

  test('when its last definition goes, in the middle of its grace too', () => {
    for (const last of [definePackage('p', [], 2), { type: 'package-undefined', name: 'p' } as const]) {
      const world = newWorld();
      accept(world, definePackage('p', ['a']));
      accept(world, report('n1', { a: ['running'] }));
      accept(world, report('n1'));
      expect(world.view.record('model', 'a')?.missing).toBe(1);
      expect(accept(world, last)).toContain('model a: Running > absent');
      expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
    }
  });

  test('but not while another package names it, or a node reports it', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a', 'b']));
    accept(world, definePackage('q', ['a']));
    accept(world, report('n1', { a: ['exited:0'], b: ['running'] }));
    accept(world, report('n1', { b: ['running'] }));
    accept(world, { type: 'package-undefined', name: 'p' });
    expect(stateOf(world, 'model', 'a')).toBe('Exited');
    expect(stateOf(world, 'model', 'b')).toBe('Running');
    expect(accept(world, { type: 'package-undefined', name: 'q' })).toContain('model a: Exited > absent');
  });

  test('but not while a request set it, which a report ends', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a']));
    accept(world, change('model', 'a', 'Paused'));
    accept(world, { type: 'package-undefined', name: 'p' });
    expect(stateOf(world, 'model', 'a')).toBe('Paused');
    accept(world, report('n1', { a: ['running'] }));
    expect(accept(world, report('n1'))).toEqual(['model a: Running > absent']);
  });

  test('and a request that a report has ended holds no model', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['a']));
    accept(world, report('n1', { a: ['running'] }));
    accept(world, change('model', 'a', 'Paused'));
    accept(world, report('n1'));
    expect(accept(world, { type: 'package-undefined', name: 'p' })).toContain('model a: Paused > absent');
  });
});

describe('a scenario’s definition', () => {
  test('gives no state, and tells who targets a package, by name', () => {
    const world = newWorld();
    for (const name of ['s2', 's1', 's3']) accept(world, defineScenario(name, 'p'));
    expect(world.view.scenariosTargeting('p')).toEqual(['s1', 's2', 's3']);
    expect(world.view.count('scenario')).toBe(0);
    accept(world, defineScenario('s1', 'q', 'terminate', 2));
    expect(world.view.scenariosTargeting('p')).toEqual(['s2', 's3']);
    expect(world.view.scenariosTargeting('q')).toEqual(['s1']);
    expect(world.view.record('scenario', 's1')?.definition).toEqual({ target: 'q', action: 'terminate', revision: 2 });
  });

  test('that is deleted removes the scenario’s state', () => {
    const world = newWorld();
    accept(world, change('scenario', 's', 'Waiting'));
    expect(accept(world, { type: 'scenario-undefined', name: 's' })).toEqual([]);
    accept(world, defineScenario('s', 'p'));
    expect(accept(world, { type: 'scenario-undefined', name: 's' })).toEqual(['scenario s: Waiting > absent']);
    expect(world.view.scenariosTargeting('p')).toEqual([]);
    expect(accept(world, change('scenario', 's', 'Idle'))).toEqual(['scenario s: absent > Idle']);
    expect(world.view.record('scenario', 's')?.generation).toBe(3);
  });

  test('that comes and goes without a state leaves nothing behind', () => {
    const world = newWorld();
    accept(world, defineScenario('s', 'p'));
    accept(world, { type: 'scenario-undefined', name: 's' });
    expect([...world.view.names('scenario')]).toEqual([]);
  });

  test('that comes and goes after the scenario was removed leaves it among the removed', () => {
    const world = newWorld();
    accept(world, defineScenario('s', 'p'));
    accept(world, change('scenario', 's', 'Idle'));
    accept(world, { type: 'scenario-undefined', name: 's' });
    accept(world, defineScenario('s', 'p', 'launch', 2));
    expect([...world.view.removed()]).toEqual([]);
    accept(world, { type: 'scenario-undefined', name: 's' });
    expect([...world.view.removed()]).toEqual(['scenario/s']);
    expect(world.view.record('scenario', 's')?.generation).toBe(2);
  });
});

describe('limits', () => {
  test('refuse what would make too many of a kind, and let go on what is there', () => {
    const world = newWorld({ maxResourcesCount: 1 });
    accept(world, definePackage('p', []));
    expect(refuse(world, definePackage('q', [])).code).toBe('resource_unavailable');
    expect(refuse(world, change('package', 'q', 'Idle')).details).toContain('2 packages');
    accept(world, change('scenario', 's', 'Idle'));
    expect(refuse(world, change('scenario', 't', 'Idle')).details).toContain('2 scenarios');
    accept(world, change('model', 'm', 'Running'));
    expect(refuse(world, change('model', 'n', 'Running')).details).toContain('2 models');
    accept(world, change('model', 'm', 'Paused'));
    accept(world, definePackage('p', ['m'], 2));
    accept(world, { type: 'package-undefined', name: 'p' });
    accept(world, definePackage('q', []));
  });

  test('an operator who lowers one loses nothing that is there', () => {
    const world = newWorld();
    for (const name of ['p', 'q', 'r']) accept(world, definePackage(name, []));
    const lower = { ...world, options: { ...world.options, maxResourcesCount: 1 } };
    accept(lower, change('package', 'r', 'Paused'));
    expect(refuse(lower, definePackage('new', [])).code).toBe('resource_unavailable');
  });
});
