import type { StoreError } from '@statemanager/state-store';
import type { Commit, KeyValueStore } from '@statemanager/state-store';
import { eventually } from '@statemanager/state-store/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/index.ts';
import { etcdAdmin, startEtcd } from '../src/testing/index.ts';

const QUOTA_BYTES = 2 * 1024 * 1024;
const LEASE_TTL_MS = 1000;
const one = { id: 'one', address: 'one:1' };

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Commits until etcd's quota refuses one, and returns that commit and what was said. */
async function fill(store: KeyValueStore): Promise<{ commit: Commit; cause: unknown; filledWith: number }> {
  const value = 'x'.repeat(50_000);
  await store.put('/n', '0');
  for (let n = 1; ; n += 1) {
    const operations = [
      { type: 'put', key: '/n', value: `${n}` },
      { type: 'put', key: '/large', value },
    ] as const;
    const commit: Commit = { guards: [{ key: '/n', value: `${n - 1}` }], operations };
    try {
      const result = await store.commit(commit);
      if (result.outcome === 'unknown') return { commit, cause: result.cause, filledWith: n };
      expect(result.outcome).toBe('committed');
    } catch (error) {
      return { commit, cause: error, filledWith: n };
    }
  }
}

describe('an etcd whose quota is reached', () => {
  it('says so, can be read, keeps its leader, and takes commits again once it has room and the alarm is off', async () => {
    const etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] });
    cleanups.push(() => etcd.stop());
    const open = (): KeyValueStore => {
      const store = openEtcdStore({
        hosts: [etcd.endpoint],
        callTimeoutMs: 2000,
        leaseTtlSeconds: LEASE_TTL_MS / 1000,
      });
      cleanups.push(() => store.close());
      return store;
    };
    const [store, rival] = [open(), open()];
    const leadership = await store.lead(one);

    const { commit, cause, filledWith } = await fill(store);
    expect(cause).toMatchObject({ code: 'unavailable', reason: 'no_space' });
    expect((cause as StoreError).message).toContain('etcdctl alarm disarm');
    const full = await store.status();
    expect(full).toMatchObject({ state: 'no_space', reason: 'no_space' });
    expect(full.detail).toContain('etcdctl alarm disarm');
    expect(full.sizeBytes).toBeGreaterThan(QUOTA_BYTES * 0.9);
    expect(await rival.status(), 'also for one who wrote nothing').toMatchObject({ state: 'no_space' });

    const current = (await store.get('/n')) ?? { value: '', revision: 0 };
    // The request that fills the quota is applied, and refused in the answer.
    expect([filledWith - 1, filledWith]).toContain(Number(current.value));
    expect((await store.getAllWithPrefix('/')).entries.length).toBeGreaterThan(1);
    await expect(rival.put('/other', 'x')).rejects.toMatchObject({ code: 'unavailable', reason: 'no_space' });
    expect(await store.commit(commit)).toMatchObject({ outcome: 'unknown', cause: { reason: 'no_space' } });

    const until = performance.now() + 3 * LEASE_TTL_MS;
    while (performance.now() < until) {
      expect(leadership.isCurrent(), 'renewals need no space').toBe(true);
      await store.get('/n');
    }
    await leadership.resign();
    const again = store.lead(one);

    const revision = (await store.getAllWithPrefix('/n')).revision;
    await store.compact(revision);
    expect((await store.status()).state, 'forgetting alone makes no room').toBe('no_space');
    const admin = etcdAdmin(etcd.endpoint);
    cleanups.push(() => admin.close());
    await admin.maintenance.defragment();
    expect((await store.status()).state, 'nor does the alarm end by itself').toBe('no_space');
    const { alarms } = await admin.maintenance.alarm({ action: 'Get' });
    for (const raised of alarms) await admin.maintenance.alarm({ ...raised, action: 'Deactivate' });
    expect((await store.status()).state).toBe('ok');

    expect((await again).isCurrent(), 'a lease is granted again').toBe(true);
    const result = await eventually(() => store.commit(commit));
    expect(result.outcome).toBe(Number(current.value) === filledWith ? 'conflict' : 'committed');
    expect((await store.get('/n'))?.value).toBe(`${filledWith}`);
    const status = await store.status();
    expect(status.state).toBe('ok');
    expect(status.sizeBytes).toBeLessThan(QUOTA_BYTES / 2);
  });

  it('refuses also commits of many operations', async () => {
    const etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] });
    cleanups.push(() => etcd.stop());
    const store = openEtcdStore({ hosts: [etcd.endpoint], callTimeoutMs: 2000 });
    cleanups.push(() => store.close());
    const operations = Array.from({ length: 1000 }, (_, i) => {
      return { type: 'put', key: `/many/${i}`, value: 'x'.repeat(500) } as const;
    });
    // etcd compares its quota with a size that it looks at every tenth of a second.
    const commitUntilRefused = async (): Promise<unknown> => {
      for (let n = 0; n < 60; n += 1) {
        const result = await store.commit({ guards: [], operations });
        if (result.outcome === 'unknown') return result.cause;
      }
      return undefined;
    };
    expect(await commitUntilRefused().catch((error: unknown) => error)).toMatchObject({ reason: 'no_space' });
  });
});
