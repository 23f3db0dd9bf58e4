import { LEADER_KEY } from '@statemanager/state-store';
import { afterEach, describe, expect, it } from 'vitest';
import { etcdUnderTest, type EtcdUnderTest } from '../faults/stores.ts';
import { startEtcdView } from '../kit/etcd-view.ts';
import { eventually } from '../kit/eventually.ts';
import { startReplicas } from '../kit/fleet-of-replicas.ts';
import { readyz, scrape } from '../kit/metrics.ts';
import { overHttp1 } from '../kit/plain-get.ts';
import { container } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const ended: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(...flags: readonly string[]): Promise<StateManagerProcess> {
  const service = await startStateManager(['--action-controller', 'http://127.0.0.1:1', ...flags]);
  ended.push(() => service.kill());
  return service;
}

describe('/readyz', () => {
  it('says that a store was never there, and that the process lives nevertheless', async () => {
    const { address } = await start('--store', 'etcd:127.0.0.1:1');
    await eventually(async () => {
      const { status, body } = await readyz(address);
      expect(status).toBe(503);
      expect(body).toMatchObject({ ready: false, role: 'candidate', store: { state: 'unavailable' }, revision: 0 });
      expect(body.reasons).toEqual([
        expect.stringMatching(/^the store is unavailable \(.*\): bring it back/),
        expect.stringMatching(/^the view is not loaded yet/),
        expect.stringMatching(/^nobody leads/),
      ]);
    });
    expect(await overHttp1(address, '/healthz')).toMatchObject({ status: 200 });
    const found = await scrape(address);
    expect(found.value('statemanager_store_state', { state: 'unavailable' })).toBe(1);
    expect(found.value('statemanager_leader_known')).toBe(0);
    expect(found.value('statemanager_view_loaded')).toBe(0);
  });

  it('says that nobody leads, although the view is there', async () => {
    const etcd = await startEtcdView();
    ended.push(() => etcd.stop());
    // No leader's: it has no address.
    await etcd.put(LEADER_KEY, '{"id":"something else"}');
    const { address } = await start('--store', etcd.storeUrl);
    await eventually(async () => {
      const { status, body } = await readyz(address);
      expect(body.reasons).toEqual([expect.stringMatching(/^nobody leads/)]);
      expect(status).toBe(503);
      expect(body).toMatchObject({ ready: false, role: 'candidate', store: { state: 'ok' } });
    });
    await etcd.delete(LEADER_KEY);
    await eventually(async () =>
      expect(await readyz(address)).toMatchObject({ status: 200, body: { ready: true, role: 'leader' } }),
    );
  });

  it('says that the store went away, and is ready when it is back', async () => {
    const store: EtcdUnderTest = await etcdUnderTest();
    ended.push(() => store.dispose());
    const { address } = await start('--store', store.url, '--lease-ttl-seconds', '1');
    await eventually(async () => expect((await readyz(address)).status).toBe(200));
    await store.etcd.kill();
    await eventually(async () => {
      const { status, body } = await readyz(address);
      expect(status).toBe(503);
      expect(body).toMatchObject({ role: 'candidate', store: { state: 'unavailable' } });
      expect(body.reasons.join()).toMatch(/the store is unavailable.*nobody leads/);
    }, 20_000);
    expect((await scrape(address)).value('statemanager_leading')).toBe(0);
    await store.etcd.restart();
    await eventually(async () => expect((await readyz(address)).status).toBe(200), 30_000);
    const back = await scrape(address);
    expect(back.value('statemanager_leading')).toBe(1);
    expect(back.value('statemanager_terms_total')).toBeGreaterThan(1);
    expect(back.value('statemanager_store_size_bytes')).toBeGreaterThan(0);
  });
});

it('replicas are ready as what they are, and count the same fleet', async () => {
  const replicas = await startReplicas(2);
  ended.push(() => replicas.stop());
  const leader = await replicas.leader();
  const follower = replicas.other(leader);
  await replicas.define('p1', ['m1']);
  await follower.peer.report('n1', [container('m1', 'c1', 'exited', { exitCode: 1 })]);
  await follower.peer.change({ resource_name: 's1', target_state: 'idle' });
  expect(await readyz(leader.service.address)).toMatchObject({ status: 200, body: { role: 'leader' } });
  expect(await readyz(follower.service.address)).toMatchObject({ status: 200, body: { role: 'follower' } });
  await eventually(async () => {
    const [there, here] = [await scrape(leader.service.address), await scrape(follower.service.address)];
    expect(here.samples.get('statemanager_resources')).toEqual(there.samples.get('statemanager_resources'));
    expect(here.value('statemanager_resources', { kind: 'package', state: 'Error' })).toBe(1);
    for (const name of ['statemanager_nodes', 'statemanager_intents'])
      expect([here.value(name), there.value(name)]).toEqual([1, 1]);
    expect(here.value('statemanager_view_revision')).toBe(there.value('statemanager_view_revision'));
    expect([here.value('statemanager_leading'), there.value('statemanager_leading')]).toEqual([0, 1]);
    expect(here.value('statemanager_leader_changes_total')).toBe(1);
    for (const type of ['report', 'request'])
      expect(here.value('statemanager_forwarded_calls_total', { type, result: 'answered' })).toBe(1);
    // Who decided it counts it: the sum over all processes is what happened.
    expect(here.value('statemanager_transitions_total', { kind: 'model', state: 'Dead' })).toBe(0);
    expect(there.value('statemanager_transitions_total', { kind: 'model', state: 'Dead' })).toBe(1);
  });
  await replicas.end(leader, 'SIGKILL');
  await eventually(async () =>
    expect(await readyz(follower.service.address)).toMatchObject({ status: 200, body: { role: 'leader' } }),
  );
});
