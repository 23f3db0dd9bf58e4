import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../kit/eventually.ts';
import { container, type WireContainer } from '../kit/peer.ts';
import { startEtcdView, type EtcdView } from '../kit/etcd-view.ts';
import { startWorld, type World } from '../kit/world.ts';

const LONG_MS = '600000';

describe('grace', () => {
  let etcd: EtcdView;
  let world: World;
  beforeAll(async () => (etcd = await startEtcdView()));
  afterEach(() => world.stop());
  afterAll(() => etcd.stop());

  const begin = async (flags: readonly string[]): Promise<void> => {
    world = await startWorld(flags, etcd);
    await world.define('p', ['m']);
    await world.peer.report('n1', running('m'));
    expect(await world.state('package', 'p')).toBe('Running');
  };
  const running = (...models: readonly string[]): readonly WireContainer[] =>
    models.map((model) => container(model, `${model}-c`, 'running'));

  it('keeps the state while it lasts, and stores that the model is missing', async () => {
    await begin(['--missing-grace-ms', LONG_MS]);
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Running');
    expect(await world.state('package', 'p')).toBe('Running');
    expect(await world.record('model', 'm')).toMatchObject({ state: 'Running', missing: 1 });
  });

  it('ends in Dead when it is over, with the package in Error and a reconcile', async () => {
    await begin(['--missing-grace-ms', '200']);
    await world.peer.report('n1', []);
    await eventually(async () => expect(await world.state('model', 'm')).toBe('Dead'));
    expect(await world.state('package', 'p')).toBe('Error');
    expect(await world.record('model', 'm')).toMatchObject({ rule: 'model.missing' });
    expect(await world.record('model', 'm')).not.toHaveProperty('missing');
    await eventually(() => expect(world.controller.of('Reconcile')).toHaveLength(1));
    await world.peer.report('n1', running('m'));
    expect(await world.state('package', 'p')).toBe('Running');
  });

  it('ends when a container reappears, on whichever node, and begins anew the next time', async () => {
    await begin(['--missing-grace-ms', '1500']);
    await world.define('late', ['later']);
    await world.peer.report('n1', running('m', 'later'));
    await world.peer.report('n1', running('later'));
    expect(await world.record('model', 'm')).toMatchObject({ missing: 1 });
    await world.peer.report('n2', running('m'));
    expect(await world.record('model', 'm')).not.toHaveProperty('missing');
    // The grace of `later` begins after that of `m` would have: when it is over, the other would be too.
    await world.peer.report('n1', []);
    await eventually(async () => expect(await world.state('model', 'later')).toBe('Dead'));
    expect(await world.state('model', 'm')).toBe('Running');
    await world.peer.report('n2', []);
    expect(await world.record('model', 'm')).toMatchObject({ state: 'Running', missing: 2 });
  });

  it('ends with a change request for the model, which then holds', async () => {
    await begin(['--missing-grace-ms', '300']);
    await world.define('late', ['later']);
    await world.peer.report('n1', running('m', 'later'));
    await world.peer.report('n1', running('later'));
    await world.peer.change({ resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'm', target_state: 'paused' });
    expect(await world.record('model', 'm')).not.toHaveProperty('missing');
    await world.peer.report('n1', []);
    await eventually(async () => expect(await world.state('model', 'later')).toBe('Dead'));
    expect(await world.state('model', 'm')).toBe('Paused');
  });

  it('begins anew after a kill in between: our absence says nothing about containers', async () => {
    const graceMs = 1500;
    await begin(['--missing-grace-ms', String(graceMs)]);
    await world.peer.report('n1', []);
    expect(await world.record('model', 'm')).toMatchObject({ missing: 1 });
    // Down for longer than the grace: had it gone on, it would be over at the start.
    await world.crash(() => sleep(graceMs + 100));
    const leading = await world.service.waitForLog((line) => String(line.msg).startsWith('leading'));
    const dead = await world.service.waitForLog((line) => line.rule === 'model.missing');
    const waitedMs = Date.parse(String(dead.time)) - Date.parse(String(leading.time));
    expect(waitedMs).toBeGreaterThan(graceMs - 250);
    expect(await world.state('package', 'p')).toBe('Error');
  });

  it('is not there with --missing-grace-ms 0', async () => {
    await begin(['--missing-grace-ms', '0']);
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Dead');
    expect(await world.state('package', 'p')).toBe('Error');
  });

  it('ends in Exited with --missing-as exited, and nobody is asked to reconcile', async () => {
    await begin(['--missing-grace-ms', '0', '--missing-as', 'exited']);
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Exited');
    expect(await world.state('package', 'p')).toBe('Exited');
    expect(await world.etcd.get('/statemanager/reconcile/p')).toBeUndefined();
  });

  it('is not asked for by a model that had Exited, across a kill too', async () => {
    await begin(['--missing-grace-ms', '0']);
    await world.peer.report('n1', [container('m', 'm-c', 'exited')]);
    await world.peer.report('n1', []);
    expect(await world.record('model', 'm')).toMatchObject({ state: 'Exited', rule: 'model.exited' });
    await world.crash();
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Exited');
  });
});

describe('--clean-exit-codes 0,143', () => {
  it('takes 143 for a clean end, and 137 still for a crash', async () => {
    const world = await startWorld(['--clean-exit-codes', '0,143']);
    try {
      const ended = (exitCode: number): WireContainer => container(`code-${exitCode}`, 'c', 'exited', { exitCode });
      await world.peer.report('n1', [ended(0), ended(143), ended(137)]);
      expect(await world.state('model', 'code-0')).toBe('Exited');
      expect(await world.state('model', 'code-143')).toBe('Exited');
      expect(await world.state('model', 'code-137')).toBe('Dead');
    } finally {
      await world.stop();
    }
  });
});
