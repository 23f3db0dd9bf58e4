import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { container } from '../kit/peer.ts';
import { startEtcdView, type EtcdView } from '../kit/etcd-view.ts';
import { startWorld, type World } from '../kit/world.ts';

const STATES: Readonly<Record<'scenario' | 'package' | 'model', readonly string[]>> = {
  scenario: ['Idle', 'Waiting', 'Satisfied', 'Allowed', 'Completed', 'Denied'],
  package: ['Idle', 'Paused', 'Exited', 'Degraded', 'Error', 'Running'],
  model: ['Created', 'Paused', 'Exited', 'Dead', 'Running'],
};

/** The way of a scenario to each state; packages and models may be set to any. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  Satisfied: ['Waiting'],
  Allowed: ['Waiting', 'Satisfied'],
  Denied: ['Waiting', 'Satisfied'],
  Completed: ['Waiting', 'Satisfied', 'Allowed'],
};

describe('the stored form', () => {
  let etcd: EtcdView;
  let world: World;
  beforeAll(async () => (etcd = await startEtcdView()));
  afterEach(() => world.stop());
  afterAll(() => etcd.stop());

  const set = async (kind: string, name: string, target: string): Promise<void> => {
    const request = { resource_type: `RESOURCE_TYPE_${kind.toUpperCase()}`, resource_name: name, target_state: target };
    expect((await world.peer.change(request)).error_code).toBe('ERROR_CODE_SUCCESS');
  };
  const setAll = async (): Promise<void> => {
    for (const [kind, states] of Object.entries(STATES)) {
      for (const state of states) {
        const path = kind === 'scenario' ? (PATHS[state] ?? []) : [];
        for (const step of [...path, state]) await set(kind, `is-${state}`, step);
      }
    }
  };
  const expectAll = async (spell: (kind: string, state: string) => string): Promise<void> => {
    for (const [kind, states] of Object.entries(STATES)) {
      const expected = new Map(states.map((state) => [`/${kind}/is-${state}/state`, spell(kind, state)]));
      expect(await world.etcd.list(`/${kind}/`)).toEqual(new Map([...expected].sort()));
    }
  };

  it('is the bare name by default, under its three prefixes, which hold nothing else', async () => {
    world = await startWorld([], etcd);
    await setAll();
    await expectAll((_, state) => state);
    for (const key of (await world.etcd.list('')).keys()) {
      expect(key).toMatch(/^\/(scenario|package|model)\/is-[A-Z][a-z]+\/state$|^\/statemanager\//);
    }
  });

  it('is the enum’s own name with --state-names enum', async () => {
    world = await startWorld(['--state-names', 'enum'], etcd);
    await setAll();
    await expectAll((kind, state) => `${kind}_STATE_${state}`.toUpperCase());
  });

  it('is read in either spelling: a restart with the other one changes no state', async () => {
    world = await startWorld(['--state-names', 'enum'], etcd);
    await setAll();
    await world.crash(undefined, ['--state-names', 'bare']);
    await set('package', 'is-Idle', 'idle');
    await set('model', 'is-Dead', 'MODEL_STATE_RUNNING');
    expect(await world.state('model', 'is-Dead')).toBe('Running');
    expect(await world.state('package', 'is-Error')).toMatch(/^(Error|PACKAGE_STATE_ERROR)$/);
    expect(world.service.logs.filter((line) => line.problem !== undefined)).toEqual([]);
  });

  it('takes over states that somebody else stored, in any case and either spelling', async () => {
    world = await startWorld([], etcd);
    await world.crash(async () => {
      await world.etcd.put('/scenario/found/state', 'SCENARIO_STATE_WAITING');
      await world.etcd.put('/package/found/state', 'dEgRaDeD');
    });
    await set('scenario', 'found', 'satisfied');
    expect(await world.state('scenario', 'found')).toBe('Satisfied');
    const answer = await world.peer.change({
      resource_type: 'RESOURCE_TYPE_PACKAGE',
      resource_name: 'found',
      current_state: 'idle',
      target_state: 'running',
    });
    expect(answer.error_details).toContain('Degraded');
  });

  it('is never guessed: a bad value is reported by its key and left as it is, and the rest works', async () => {
    const bad = { banana: 'Banana', empty: '', another: 'SCENARIO_STATE_IDLE', longer: 'Running2' };
    world = await startWorld([], etcd);
    await world.crash(async () => {
      for (const [name, value] of Object.entries(bad)) await world.etcd.put(`/package/${name}/state`, value);
    });
    await set('package', 'whole', 'running');
    expect(await world.state('package', 'whole')).toBe('Running');
    for (const [name, value] of Object.entries(bad)) {
      await world.service.waitForLog((line) => String(line.problem).includes(`/package/${name}/state`));
      expect(await world.state('package', name)).toBe(value);
    }
  });

  it('is what etcdctl prints after a crash of every model', async () => {
    world = await startWorld([], etcd);
    await world.define('hello', ['hello-core', 'hello-display']);
    const models = ['hello-core', 'hello-display'];
    for (const [status, exitCode] of [
      ['running', 0],
      ['exited', 137],
    ] as const) {
      await world.peer.report(
        'n1',
        models.map((model) => container(model, `${model}-c`, status, { exitCode })),
      );
    }
    expect([...(await world.etcd.list('/package/'))]).toEqual([['/package/hello/state', 'Error']]);
    if (!hasEtcdctl()) {
      console.log('etcdctl is not on PATH: what it prints is not shown, the same was read through etcd’s own gateway');
      return;
    }
    expect(etcdctl(world, 'get', '/package/hello/state')).toBe('/package/hello/state\nError\n');
    expect(etcdctl(world, 'get', '/model/hello-core/state', '--print-value-only')).toBe('Dead\n');
    expect(etcdctl(world, 'get', '--prefix', '/package/', '--keys-only').trim()).toBe('/package/hello/state');
  });
});

function hasEtcdctl(): boolean {
  try {
    execFileSync('etcdctl', ['version'], { stdio: 'ignore', env: { ...process.env, ETCDCTL_API: '3' } });
    return true;
  } catch {
    return false;
  }
}

function etcdctl(world: World, ...args: readonly string[]): string {
  const env = { ...process.env, ETCDCTL_API: '3' };
  return execFileSync('etcdctl', [`--endpoints=${world.etcd.endpoint}`, ...args], { encoding: 'utf8', env });
}
