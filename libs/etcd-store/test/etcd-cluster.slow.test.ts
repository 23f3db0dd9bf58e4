import type { KeyValueStore, WatchBatch } from '@statemanager/state-store';
import { eventually, until } from '@statemanager/state-store/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/index.ts';
import { etcdOnPath, startEtcdCluster } from '../src/testing/index.ts';
import type { TestEtcdCluster, TestEtcdMember } from '../src/testing/index.ts';

const CALL_TIMEOUT_MS = 2000;
/** A call may time out at the member that died, and again while the others elect. */
const BACK_WITHIN_MS = 15_000;
const one = { id: 'one', address: 'one:1' };

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function cluster(): Promise<TestEtcdCluster> {
  const started = await startEtcdCluster();
  cleanups.push(() => started.stop());
  return started;
}

/** A store that asks `first` first. */
function client({ endpoints }: TestEtcdCluster, first?: TestEtcdMember, leaseTtlSeconds = 5): KeyValueStore {
  const hosts = [...endpoints].sort((a, b) => Number(b === first?.endpoint) - Number(a === first?.endpoint));
  const store = openEtcdStore({ hosts, callTimeoutMs: CALL_TIMEOUT_MS, leaseTtlSeconds });
  cleanups.push(() => store.close());
  return store;
}

/** Follows `/w/`, and counts up there for as long as the test wants. */
function counting(store: KeyValueStore, revision: number): { seen: WatchBatch[]; stop(): Promise<void> } {
  const seen: WatchBatch[] = [];
  const abort = new AbortController();
  const following = (async () => {
    const { signal } = abort;
    for await (const batch of store.watch('/w/', { afterRevision: revision, signal })) seen.push(batch);
  })();
  const stop = async (): Promise<void> => {
    abort.abort();
    await following;
  };
  cleanups.push(stop);
  return { seen, stop };
}

/** Commits on the chain `/fence`, again and again until it is known what became of it. Returns how long that took. */
async function commitSurely(store: KeyValueStore, n: number): Promise<number> {
  const beganAtMs = performance.now();
  await eventually(async () => {
    const result = await store.commit({
      guards: [{ key: '/fence', value: `${n - 1}` }],
      operations: [
        { type: 'put', key: '/fence', value: `${n}` },
        { type: 'put', key: '/w/n', value: `${n}` },
      ],
    });
    if (result.outcome === 'unknown') throw new Error('unknown', { cause: result.cause });
    if (result.outcome === 'conflict') expect((await store.get('/fence'))?.value).toBe(`${n}`);
  }, BACK_WITHIN_MS);
  return performance.now() - beganAtMs;
}

function valuesIn(seen: readonly WatchBatch[]): string[] {
  return seen.flatMap(({ events }) => events.map((event) => (event.type === 'put' ? event.value : 'deleted')));
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i + 1}`);
}

const hasEtcd = etcdOnPath() !== undefined;
if (!hasEtcd) console.log('skipped: a cluster of etcd needs etcd on PATH (Debian: apt-get install etcd-server)');

describe.skipIf(!hasEtcd)('a cluster of three', () => {
  it.each(['killed', 'stopped in its tracks'] as const)(
    'goes on without its leader, which is %s: calls, watch and leadership',
    async (how) => {
      const etcd = await cluster();
      const etcdLeader = await etcd.leader();
      const store = client(etcd, etcdLeader);
      const revision = await store.put('/fence', '0');
      const watch = counting(store, revision);
      const leadership = await store.lead(one);
      for (let n = 1; n <= 10; n += 1) await commitSurely(store, n);

      if (how === 'killed') await etcdLeader.kill();
      else etcdLeader.pause();
      const tookMs = [];
      for (let n = 11; n <= 20; n += 1) tookMs.push(await commitSurely(store, n));
      expect(Math.max(...tookMs)).toBeLessThan(BACK_WITHIN_MS);
      expect(Math.max(...tookMs.slice(5)), 'it has settled').toBeLessThan(1000);
      await until('the watch saw everything', () => valuesIn(watch.seen).length >= 20, 20_000);
      expect(valuesIn(watch.seen)).toEqual(upTo(20));
      expect(leadership.isCurrent(), 'the lease outlives an election').toBe(true);
      expect((await store.status()).state).toBe('ok');

      if (how === 'killed') await etcdLeader.restart();
      else etcdLeader.resume();
      await commitSurely(store, 21);
      expect(leadership.isCurrent()).toBe(true);
      await until('the watch saw this too', () => valuesIn(watch.seen).length === 21);
    },
  );

  it('is unavailable without a majority, and recovers by itself', async () => {
    const etcd = await cluster();
    const [kept, ...others] = etcd.members as [TestEtcdMember, ...TestEtcdMember[]];
    const store = client(etcd, kept, 2);
    const revision = await store.put('/fence', '0');
    const watch = counting(store, revision);
    const leadership = await store.lead(one);
    await commitSurely(store, 1);

    await Promise.all(others.map((member) => member.kill()));
    await eventually(async () => {
      expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'no_leader' });
    });
    const beganAtMs = performance.now();
    const commit = { guards: [{ key: '/fence', value: '1' }], operations: [] };
    await expect(store.commit(commit)).rejects.toMatchObject({ code: 'unavailable', reason: 'no_leader' });
    await expect(store.get('/fence')).rejects.toMatchObject({ code: 'unavailable', reason: 'no_leader' });
    expect(performance.now() - beganAtMs).toBeLessThan(2 * CALL_TIMEOUT_MS + 1000);
    const status = performance.now();
    await store.status();
    expect(performance.now() - status, 'a status does not wait for a leader').toBeLessThan(1000);
    await until('the lease is over', () => leadership.lost.aborted);
    expect(leadership.isCurrent()).toBe(false);
    const again = store.lead(one);

    await others[0]?.restart();
    await commitSurely(store, 2);
    await until('the watch is back', () => valuesIn(watch.seen).length === 2);
    expect(valuesIn(watch.seen)).toEqual(upTo(2));
    expect((await again).isCurrent()).toBe(true);
    await eventually(async () => expect((await store.status()).state).toBe('ok'));
  });

  it('goes on while its members are killed and started one after the other', async () => {
    const etcd = await cluster();
    const store = client(etcd);
    const revision = await store.put('/fence', '0');
    const watch = counting(store, revision);
    const leadership = await store.lead(one);
    let n = 0;
    for (const member of etcd.members) {
      const restarting = member.restart();
      for (let i = 0; i < 20; i += 1) await commitSurely(store, (n += 1));
      await restarting;
    }
    await until('the watch saw everything', () => valuesIn(watch.seen).length >= n, 20_000);
    expect(valuesIn(watch.seen)).toEqual(upTo(n));
    expect(leadership.isCurrent()).toBe(true);
  });
});
