import { describe, expect, test } from 'vitest';
import { accept, definePackage, graceOver, happen, newWorld, offload, refuse, report, stateOf } from '../test/world.ts';
import type { World } from '../test/world.ts';
import type { RuleOptions } from './decision.ts';

/** A fleet where package p names models a and b, which run on n1. */
function running(options: Partial<RuleOptions> = {}): World {
  const world = newWorld(options);
  accept(world, definePackage('p', ['a', 'b']));
  accept(world, report('n1', { a: ['running'], b: ['running'] }));
  return world;
}

describe('a report', () => {
  test('moves models, and every package once, after all of its models', () => {
    const world = running();
    expect(accept(world, report('n1', { a: ['exited:137:oom'], b: ['exited:1'] }))).toEqual([
      'model a: Running > Dead',
      'model b: Running > Dead',
      'package p: Running > Error',
    ]);
  });

  test('says why, down to the container and its exit code', () => {
    const world = running();
    accept(world, report('n1', { a: ['running', 'exited:137'], b: ['running'] }));
    const [model, pkg] = world.transitions.slice(-2);
    expect(model).toMatchObject({ rule: 'model.dead', source: 'node/n1', from: 'Running', to: 'Dead' });
    expect(model?.cause).toBe('on node n1 container a-1 is Dead: exit code 137; 2 containers: 1 Dead, 1 Running');
    expect(pkg).toMatchObject({ rule: 'package.degraded', source: 'node/n1' });
    expect(pkg?.cause).toBe('model a became Dead; 2 models: 1 Dead, 1 Running');
  });

  test('that says the same, in any order, changes nothing at all', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['running', 'exited:0'], b: ['paused'] }));
    for (const order of [report('n1', { a: ['running', 'exited:0'], b: ['paused'] })]) {
      expect(happen(world, order)).toMatchObject({ accepted: true, changes: undefined, transitions: [] });
      if (order.type !== 'report') continue;
      const reversed = { ...order, containers: order.containers.toReversed() };
      expect(happen(world, reversed)).toMatchObject({ accepted: true, changes: undefined, transitions: [] });
    }
  });

  test('is the whole truth about its node, and says nothing about others', () => {
    const world = running();
    accept(world, report('n2', { a: ['exited:1'] }));
    expect(stateOf(world, 'model', 'a')).toBe('Dead');
    expect(accept(world, report('n2'))).toEqual(['model a: Dead > Running', 'package p: Degraded > Running']);
    expect(world.view.node('n1')?.containers).toHaveLength(2);
    expect(world.view.count('node')).toBe(2);
  });

  test('remembers names, rules and exit codes, and what Podman did not give is left out', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['exited:x', 'exited:3', 'running:0', 'exited:0:oom'] }));
    const since = world.at;
    expect(world.view.node('n1')).toEqual({
      observedAt: world.at,
      containers: [
        { model: 'a', name: 'a-0', rule: 'container.dead', since },
        { model: 'a', name: 'a-1', rule: 'container.dead', exitCode: 3, since },
        { model: 'a', name: 'a-2', rule: 'container.running', since },
        { model: 'a', name: 'a-3', rule: 'container.dead', exitCode: 0, oomKilled: true, since },
      ],
    });
  });

  test('that differs in nothing but why a container died is another word', () => {
    const world = newWorld();
    accept(world, report('n1', { a: ['exited:137'] }));
    for (const words of ['exited:137:oom', 'exited:1:oom', 'exited:1']) {
      const before = world.view.node('n1');
      expect(accept(world, report('n1', { a: [words] }))).toEqual([]);
      expect(world.view.node('n1')).not.toEqual(before);
      expect(world.view.node('n1')?.observedAt).toBe(world.at);
    }
  });

  test('counts exit codes as the operator says', () => {
    const clean = newWorld({ cleanExitCodes: new Set([0, 143]) });
    accept(clean, report('n1', { a: ['exited:143'] }));
    expect(stateOf(clean, 'model', 'a')).toBe('Exited');
    const usual = newWorld();
    accept(usual, report('n1', { a: ['exited:143'] }));
    expect(stateOf(usual, 'model', 'a')).toBe('Dead');
  });
});

describe('grace', () => {
  test('an empty report leaves every model as it is and notes that it is missing', () => {
    const world = running();
    expect(accept(world, report('n1'))).toEqual([]);
    expect(world.view.record('model', 'a')).toMatchObject({ state: 'Running', missing: 1 });
    expect(stateOf(world, 'package', 'p')).toBe('Running');
  });

  test('its end makes the model Dead, and its package follows', () => {
    const world = running();
    accept(world, report('n1'));
    expect(accept(world, graceOver(world, 'a'))).toEqual(['model a: Running > Dead', 'package p: Running > Degraded']);
    expect(world.view.record('model', 'a')).toMatchObject({ rule: 'model.missing', state: 'Dead' });
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
    expect(accept(world, graceOver(world, 'b'))).toEqual(['model b: Running > Dead', 'package p: Degraded > Error']);
  });

  test('a container that reappears ends it, without a transition', () => {
    const world = running();
    accept(world, report('n1', { b: ['running'] }));
    const end = graceOver(world, 'a');
    expect(accept(world, report('n1', { a: ['running'], b: ['running'] }))).toEqual([]);
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
    expect(happen(world, end)).toMatchObject({ accepted: true, changes: undefined });
  });

  test('the end of an earlier episode does not end the present one', () => {
    const world = running();
    accept(world, report('n1', { b: ['running'] }));
    const first = graceOver(world, 'a');
    accept(world, report('n1', { a: ['running'], b: ['running'] }));
    accept(world, report('n1', { b: ['running'] }));
    expect(world.view.record('model', 'a')?.missing).toBe(2);
    expect(happen(world, first)).toMatchObject({ accepted: true, changes: undefined });
    expect(accept(world, graceOver(world, 'a'))).toHaveLength(2);
  });

  test('further reports without it do not begin it anew', () => {
    const world = running();
    accept(world, report('n1', { b: ['running'] }));
    accept(world, report('n1', { b: ['paused'] }));
    accept(world, report('n2'));
    expect(world.view.record('model', 'a')?.missing).toBe(1);
  });

  test('of a model on two nodes begins when the last of them is silent about it', () => {
    const world = running();
    accept(world, report('n2', { a: ['running'] }));
    accept(world, report('n1', { b: ['running'] }));
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
    accept(world, report('n2'));
    expect(world.view.record('model', 'a')?.missing).toBe(1);
  });

  test('a model that was Exited stays so, without grace', () => {
    const world = running();
    accept(world, report('n1', { a: ['exited:0'], b: ['running'] }));
    expect(accept(world, report('n1', { b: ['running'] }))).toEqual([]);
    expect(world.view.record('model', 'a')).toMatchObject({ state: 'Exited', rule: 'model.exited' });
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
  });

  test('a Dead model keeps being Dead, for another reason', () => {
    const world = running();
    accept(world, report('n1', { a: ['exited:1'], b: ['running'] }));
    accept(world, report('n1', { b: ['running'] }));
    expect(accept(world, graceOver(world, 'a'))).toEqual([]);
    expect(world.view.record('model', 'a')).toMatchObject({ state: 'Dead', rule: 'model.missing' });
  });

  test('of 0 ms is over at once', () => {
    const world = running({ missingGraceMs: 0 });
    expect(accept(world, report('n1'))).toEqual([
      'model a: Running > Dead',
      'model b: Running > Dead',
      'package p: Running > Error',
    ]);
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
  });

  test('missing counts as Exited where the operator says so', () => {
    const world = running({ missingGraceMs: 0, missingAs: 'Exited' });
    accept(world, report('n1', { b: ['running'] }));
    expect(world.view.record('model', 'a')).toMatchObject({ state: 'Exited', rule: 'model.missing' });
    const slow = running({ missingAs: 'Exited' });
    accept(slow, report('n1', { b: ['running'] }));
    expect(accept(slow, graceOver(slow, 'a'))).toEqual(['model a: Running > Exited']);
  });
});

describe('an offload', () => {
  test('that was accepted delays even a grace of 0 ms', () => {
    const world = running({ missingGraceMs: 0 });
    accept(world, offload('a', 'o1', true, 'n2'));
    expect(world.view.record('model', 'a')).toMatchObject({
      offload: { id: 'o1', targetNode: 'n2' },
      rule: 'model.running',
      source: 'node/n1',
    });
    expect(accept(world, report('n1', { b: ['running'] }))).toEqual([]);
    expect(world.view.record('model', 'a')?.missing).toBe(1);
  });

  test('is over when its target reports the model, and no other node', () => {
    const world = running();
    accept(world, offload('a', 'o1', true, 'n2'));
    accept(world, report('n1', { b: ['running'] }));
    accept(world, report('n3', { a: ['running'] }));
    expect(world.view.record('model', 'a')).toHaveProperty('offload');
    accept(world, report('n2', { a: ['created'] }));
    expect(world.view.record('model', 'a')).not.toHaveProperty('offload');
    expect(world.view.record('model', 'a')).not.toHaveProperty('missing');
  });

  test('is over when it has run too long, or its grace is over', () => {
    const world = running();
    accept(world, offload('a', 'o1', true, 'n2'));
    accept(world, { type: 'offload-over', model: 'a', id: 'another' });
    expect(world.view.record('model', 'a')).toHaveProperty('offload');
    accept(world, { type: 'offload-over', model: 'a', id: 'o1' });
    expect(world.view.record('model', 'a')).not.toHaveProperty('offload');

    accept(world, offload('a', 'o2', true, 'n2'));
    accept(world, report('n1', { b: ['running'] }));
    expect(accept(world, graceOver(world, 'a'))).toEqual(['model a: Running > Dead', 'package p: Running > Degraded']);
    expect(world.view.record('model', 'a')).not.toHaveProperty('offload');
  });

  test('that was refused is only noted', () => {
    const world = running();
    const before = world.view.record('model', 'a');
    expect(accept(world, offload('a', 'o1', false, 'n2'))).toEqual(['model a: Running > Running']);
    expect(world.transitions.at(-1)).toMatchObject({
      rule: 'model.offload-refused',
      transitionId: 'o1',
      cause: 'to n2',
    });
    const generation = (before?.generation ?? 0) + 1;
    expect(world.view.record('model', 'a')).toEqual({ ...before, generation, noted: world.at });
  });

  test('of an unknown model is noted without giving it a state', () => {
    const world = newWorld();
    expect(accept(world, offload('x', 'o1', true, 'n2'))).toEqual(['model x: absent > absent']);
    expect(world.view.count('model')).toBe(0);
    expect([...world.view.removed()]).toEqual(['model/x']);
    expect(accept(world, report('n2', { x: ['running'] }))).toEqual(['model x: absent > Running']);
    expect([...world.view.removed()]).toEqual([]);
    expect(world.view.record('model', 'x')).toMatchObject({ generation: 2 });
  });
});

describe('a limit on resources', () => {
  test('refuses a report that would go beyond it, with nothing half done', () => {
    const world = newWorld({ maxResourcesCount: 2 });
    accept(world, report('n1', { a: ['running'], b: ['running'] }));
    const { code, details } = refuse(world, report('n1', { a: ['running'], b: ['running'], c: ['running'] }));
    expect(code).toBe('resource_unavailable');
    expect(details).toContain('3 models');
    expect(details).toContain('--max-resources-count');
    expect(world.view.node('n1')?.containers).toHaveLength(2);
    expect(accept(world, report('n1', { b: ['running'], c: ['running'] }))).toEqual([
      'model a: Running > absent',
      'model c: absent > Running',
    ]);
  });

  test('counts nodes too', () => {
    const world = newWorld({ maxResourcesCount: 1 });
    accept(world, report('n1'));
    expect(refuse(world, report('n2')).details).toContain('2 nodes');
    accept(world, report('n1', { a: ['running'] }));
  });
});
