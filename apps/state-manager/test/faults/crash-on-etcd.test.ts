import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, describe } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml, scenarioYaml } from './documents.ts';
import { readEtcd } from './etcd-gateway.ts';
import { packageDefinitions, rollUpPackage } from './naive-rules.ts';
import { crashed, running, startControllerFor, startStand } from './stand.ts';
import { etcdUnderTest, valueOf, type Contents, type EtcdUnderTest } from './stores.ts';

/** All names differ, so that none can stand for another by accident. */
const PACKAGE = 'brakes';
const SCENARIO = 'drive';
const MODELS = ['pedal', 'caliper', 'sensor'];

const HAS_ETCDCTL = hasEtcdctl();

describe('a crash of every model of a package, on etcd', () => {
  let store: EtcdUnderTest;

  beforeAll(async () => {
    store = await etcdUnderTest();
    await store.put(`Package/${PACKAGE}`, packageYaml(PACKAGE, MODELS));
    await store.put('Package/dashboard', packageYaml('dashboard', ['sensor', 'display']));
    await store.put(`Scenario/${SCENARIO}`, scenarioYaml(SCENARIO, PACKAGE));
    await store.put('Scenario/brakes-test', scenarioYaml('brakes-test', 'dashboard'));
  });
  afterAll(() => store.dispose());

  it('is stored, asked to be reconciled once, and never half visible', async ({ onTestFinished, skip }) => {
    const controller = await startControllerFor(onTestFinished);
    const { peer, service } = await startStand(onTestFinished, store.url, {
      'action-controller': controller.url,
      'missing-grace-ms': '50',
    });
    await peer.report('n1', running('pedal', 'caliper'));
    await peer.report('n2', running('sensor', 'display'));
    await peer.report('n1', crashed('pedal', 'caliper'));
    await peer.report('n2', [...crashed('sensor'), ...running('display')]);
    await eventually(() => expect(controller.of('Reconcile')).toHaveLength(1));

    expect(controller.of('Reconcile')[0]?.request).toEqual({
      scenario_name: SCENARIO,
      current: 'FAILED',
      desired: 'RUNNING',
    });
    expect(controller.of('Reconcile')[0]?.metadata).toHaveProperty('statemanager-intent-id');
    await expectStored(store);

    await service.waitForLog((line) => line.msg === 'reconcile answered');
    expect(controller.calls).toHaveLength(1);

    // Up and down again on every way there is: by a report, by a request, by disappearing.
    await peer.report('n1', running('pedal', 'caliper'));
    await peer.report('n2', running('sensor', 'display'));
    await peer.report('n1', []);
    await service.waitForLog(
      ({ kind, name, to, rule }) => kind === 'model' && name === 'pedal' && to === 'Dead' && rule === 'model.missing',
    );
    await peer.change({ resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'sensor', target_state: 'Dead' });
    await peer.report('n1', running('pedal'));
    await peer.report('n2', running('sensor', 'display'));
    await expectWholeHistory(store);
    if (!HAS_ETCDCTL) skip('etcdctl is not on PATH: what it prints was not compared; all else was');
  });
});

async function expectStored({ etcd, read }: EtcdUnderTest): Promise<void> {
  const contents = await read();
  const shown = [...contents.keys()].filter((key) => /^\/(package|model|scenario)\//.test(key));
  expect(shown.filter((key) => !key.endsWith('/state'))).toEqual([]);
  if (!HAS_ETCDCTL) return;
  const etcdctl = async (...args: string[]): Promise<string> => {
    const options = { env: { ...process.env, ETCDCTL_API: '3' } };
    return (await promisify(execFile)('etcdctl', [`--endpoints=${etcd.endpoint}`, ...args], options)).stdout;
  };
  expect(await etcdctl('get', `/package/${PACKAGE}/state`, '--print-value-only')).toBe('Error\n');
  expect((await etcdctl('get', '--prefix', '/package/', '--keys-only')).split('\n').filter(Boolean)).toEqual([
    `/package/${PACKAGE}/state`,
    '/package/dashboard/state',
  ]);
  for (const model of MODELS)
    expect(await etcdctl('get', `/model/${model}/state`, '--print-value-only')).toBe('Dead\n');
}

/** At every revision there ever was, each package is what its models at that revision make of it. */
async function expectWholeHistory(store: EtcdUnderTest): Promise<void> {
  let seenAllDead = 0;
  for (const [revision, contents] of await history(store)) {
    for (const [name, models] of packageDefinitions(contents)) {
      const stored = valueOf(contents, `/package/${name}/state`);
      if (stored === undefined) continue;
      const states = models.map((model) => valueOf(contents, `/model/${model}/state`));
      seenAllDead += Number(states.every((state) => state === 'Dead'));
      expect(stored, `package ${name} with ${states.join()} at revision ${revision}`).toBe(rollUpPackage(states));
      const intent = contents.has(`/statemanager/reconcile/${name}`);
      expect(intent, `an intent of package ${name} in ${stored} at revision ${revision}`).toBe(stored === 'Error');
    }
  }
  expect(seenAllDead).toBeGreaterThan(1);
}

/** What etcd held at each of its revisions. */
async function history({ etcd }: EtcdUnderTest): Promise<[number, Contents][]> {
  const { revision: last } = await readEtcd(etcd.endpoint, '');
  const states: [number, Contents][] = [];
  for (let at = 2; at <= last; at += 1) states.push([at, (await readEtcd(etcd.endpoint, '', at)).contents]);
  return states;
}

function hasEtcdctl(): boolean {
  try {
    execFileSync('etcdctl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
