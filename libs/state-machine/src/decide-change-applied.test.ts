import { describe, expect, test } from 'vitest';
import { accept, change, definePackage, graceOver, newWorld, report, stateOf, type World } from '../test/world.ts';

describe('5. what is applied', () => {
  test('an absent resource asked for what it counts as is stored', () => {
    const world = newWorld();
    expect(accept(world, change('scenario', 's', 'idle'))).toEqual(['scenario s: absent > Idle']);
    expect(accept(world, change('package', 'p', 'idle'))).toEqual(['package p: absent > Idle']);
    expect(accept(world, change('model', 'm', 'created'))).toEqual(['model m: absent > Created']);
  });

  test('says who asked, and with which request', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['m']));
    accept(world, change('model', 'm', 'Dead', { transitionId: 't1', source: 'policymanager' }));
    for (const [kind, name, rule] of [
      ['model', 'm', 'model.requested'],
      ['package', 'p', 'package.error'],
    ] as const) {
      const last = world.transitions.findLast((t) => t.kind === kind);
      expect(last).toMatchObject({ name, rule, source: 'policymanager', transitionId: 't1', at: world.at });
      expect(world.view.record(kind, name)).toMatchObject({ rule, source: 'policymanager', since: world.at });
    }
  });

  describe('a model', () => {
    function runningModel(): World {
      const world = newWorld();
      accept(world, definePackage('p', ['m', 'other']));
      accept(world, report('n1', { m: ['running'], other: ['running'] }));
      return world;
    }

    test('cascades as if observed', () => {
      const world = runningModel();
      expect(accept(world, change('model', 'm', 'Dead'))).toEqual([
        'model m: Running > Dead',
        'package p: Running > Degraded',
      ]);
    });

    test('moves every package that names it', () => {
      const world = runningModel();
      accept(world, definePackage('q', ['m']));
      expect(accept(world, change('model', 'm', 'Paused'))).toEqual([
        'model m: Running > Paused',
        'package q: Running > Paused',
      ]);
    });

    test('holds until a report changes what a node says of it', () => {
      const world = runningModel();
      accept(world, change('model', 'm', 'Dead'));
      expect(accept(world, report('n1', { m: ['running'], other: ['running'] }))).toEqual([]);
      accept(world, report('n1', { m: ['running'], other: ['paused'] }));
      accept(world, report('n2', { stranger: ['running'] }));
      accept(world, definePackage('p', ['m', 'other'], 2));
      expect(stateOf(world, 'model', 'm')).toBe('Dead');
      expect(accept(world, report('n2', { stranger: ['running'], m: ['running'] }))).toEqual([
        'model m: Dead > Running',
        'package p: Degraded > Running',
      ]);
    });

    test('no longer holds once a report said otherwise, even if the state is the same', () => {
      const world = runningModel();
      accept(world, change('model', 'm', 'Dead'));
      expect(accept(world, report('n1', { m: ['exited:1'], other: ['running'] }))).toEqual([]);
      expect(world.view.record('model', 'm')?.rule).toBe('model.dead');
    });
  });

  describe('a package', () => {
    test('is stored as asked and holds until its next evaluation', () => {
      const world = newWorld();
      accept(world, definePackage('p', ['m']));
      accept(world, report('n1', { m: ['running'] }));
      expect(accept(world, change('package', 'p', 'Paused', { source: 'apiserver' }))).toEqual([
        'package p: Running > Paused',
      ]);
      expect(world.view.record('package', 'p')).toMatchObject({ source: 'apiserver', rule: 'package.requested' });
      expect(accept(world, report('n1', { m: ['stopping'] }))).toEqual([]);
      accept(world, { type: 'leading', packages: ['p'] });
      expect(stateOf(world, 'package', 'p')).toBe('Paused');
      expect(accept(world, report('n1', { m: ['exited:1'] }))).toEqual([
        'model m: Running > Dead',
        'package p: Paused > Error',
      ]);
    });

    test('that is evaluated to what was asked for is so by the rules from then on', () => {
      const world = newWorld();
      accept(world, definePackage('p', ['m', 'other']));
      accept(world, report('n1', { m: ['paused'], other: ['running'] }));
      accept(world, change('package', 'p', 'Degraded'));
      expect(accept(world, report('n1', { m: ['exited:1'], other: ['running'] }))).toEqual(['model m: Paused > Dead']);
      expect(world.view.record('package', 'p')).toMatchObject({ rule: 'package.degraded', source: 'node/n1' });
    });

    test('is evaluated when its definition changes', () => {
      const world = newWorld();
      accept(world, definePackage('p', ['m']));
      accept(world, change('package', 'p', 'Exited'));
      expect(accept(world, definePackage('p', ['m'], 2))).toEqual(['package p: Exited > Idle']);
    });
  });

  test('both may be set before their definition arrives', () => {
    const world = newWorld();
    accept(world, change('package', 'p', 'Running'));
    accept(world, change('model', 'm', 'Paused'));
    expect(stateOf(world, 'package', 'p')).toBe('Running');
    expect(accept(world, { type: 'package-undefined', name: 'p' })).toEqual([]);
    expect(accept(world, definePackage('p', ['m']))).toEqual(['package p: Running > Paused']);
    expect(world.view.record('model', 'm')?.generation).toBe(1);
  });

  test('a model’s request ends its grace', () => {
    const world = newWorld();
    accept(world, definePackage('p', ['m']));
    accept(world, report('n1', { m: ['running'] }));
    accept(world, report('n1'));
    const end = graceOver(world, 'm');
    accept(world, change('model', 'm', 'Paused'));
    expect(world.view.record('model', 'm')?.missing).toBeUndefined();
    expect(accept(world, end)).toEqual([]);
    expect(stateOf(world, 'model', 'm')).toBe('Paused');
  });
});
