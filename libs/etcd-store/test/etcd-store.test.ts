import dns from 'node:dns';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { LEADER_KEY } from '@statemanager/state-store';
import type { KeyValueStore, WatchBatch } from '@statemanager/state-store';
import { eventually, until } from '@statemanager/state-store/testing';
import { Etcd3 } from 'etcd3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openEtcdStore } from '../src/index.ts';
import { startEtcd } from '../src/testing/index.ts';
import type { EtcdOptions, TestEtcd } from '../src/testing/index.ts';

const one = { id: 'one', address: 'one:1' };

describe('the store on etcd', () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const server = async (options?: EtcdOptions): Promise<TestEtcd> => {
    const etcd = await startEtcd(options);
    cleanups.push(() => etcd.stop());
    return etcd;
  };
  /** Takes connections, and says nothing on them. */
  const silent = async (): Promise<string> => {
    const sockets: Socket[] = [];
    const listener = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    });
    return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  };
  const client = (...hosts: string[]): KeyValueStore => {
    const store = openEtcdStore({ hosts, callTimeoutMs: 1000, leaseTtlSeconds: 1 });
    cleanups.push(() => store.close());
    return store;
  };

  it('opens without etcd, says unavailable, and works when etcd is there', async () => {
    const etcd = await server();
    await etcd.kill();
    const store = client(etcd.endpoint);
    await expect(store.get('/k')).rejects.toMatchObject({
      name: 'StoreError',
      code: 'unavailable',
      message: expect.stringContaining(etcd.endpoint) as string,
    });
    await expect(store.commit({ guards: [], operations: [] })).rejects.toMatchObject({ code: 'unavailable' });
    const leading = store.lead(one);
    await etcd.restart();
    expect((await leading).isCurrent()).toBe(true);
  });

  it('goes to the next host when one does not answer', async () => {
    const [dead, etcd] = [await server(), await server()];
    await dead.kill();
    const store = client(dead.endpoint, etcd.endpoint);
    const revision = await store.put('/k', 'v');
    expect(await client(etcd.endpoint).get('/k')).toMatchObject({ value: 'v', revision });
    expect((await store.commit({ guards: [{ key: '/k', revision }], operations: [] })).outcome).toBe('committed');
    expect((await store.lead(one)).isCurrent()).toBe(true);
  });

  it('comes to the one host that answers, whichever is asked first', async () => {
    const store = client(await silent(), await silent(), (await server()).endpoint);
    await eventually(() => store.get('/k'));
  });

  it('finds a server whose name has got another address', async () => {
    const etcd = await server();
    let address = '127.0.0.2';
    const lookup = vi.spyOn(dns.promises, 'lookup');
    lookup.mockImplementation((() => Promise.resolve([{ address, family: 4 }])) as never);
    cleanups.push(() => lookup.mockRestore());
    const store = client(`etcd.test:${etcd.port}`);
    await expect(store.get('/k')).rejects.toMatchObject({ code: 'unavailable' });
    address = '127.0.0.1';
    await eventually(() => store.get('/k'));
  });

  it('refuses a commit that is too large for etcd, applying nothing', async () => {
    const store = client((await server()).endpoint);
    for (const bytes of [1_700_000, 5_000_000]) {
      const operations = [{ type: 'put', key: '/large', value: 'x'.repeat(bytes) } as const];
      await expect(store.commit({ guards: [], operations })).rejects.toMatchObject({ code: 'too_large' });
    }
    expect(await store.get('/large')).toBeUndefined();
  });

  it('does not claim to know the outcome when the quota is reached', async () => {
    const store = client((await server({ flags: ['--quota-backend-bytes=200000'] })).endpoint);
    const value = 'x'.repeat(100_000);
    let result = await store.commit({ guards: [], operations: [{ type: 'put', key: '/k/0', value }] });
    // etcd compares the quota with what its backend has written out, which is behind when the machine is busy.
    const deadline = performance.now() + 10_000;
    for (let i = 1; performance.now() < deadline && result.outcome === 'committed'; i += 1) {
      result = await store.commit({ guards: [], operations: [{ type: 'put', key: `/k/${i}`, value }] });
    }
    expect(result).toMatchObject({
      outcome: 'unknown',
      cause: { code: 'unavailable', message: expect.stringContaining('database space exceeded') as string },
    });
    expect((await store.get('/k/0'))?.value).toBe(value);
  });

  it('is bounded while etcd is paused, and goes on after it, watch and leadership too', async (context) => {
    const etcd = await server();
    if (etcd.pause === undefined) return context.skip('an etcd in a container cannot be paused');
    const store = client(etcd.endpoint);
    const revision = await store.put('/w/k', 'before');
    const watching = firstBatch(store, '/w/', revision);
    const leadership = await store.lead(one);

    etcd.pause();
    const began = performance.now();
    const results = await Promise.allSettled([
      store.commit({ guards: [{ key: '/w/k', revision }], operations: [{ type: 'put', key: '/w/k', value: 'after' }] }),
      store.get('/w/k'),
    ]);
    expect(performance.now() - began).toBeLessThan(8000);
    expect(results[0]).toMatchObject({ value: { outcome: 'unknown' } });
    expect(results[1]).toMatchObject({ reason: { code: 'unavailable' } });
    await until('the lease is over', () => leadership.lost.aborted);
    expect(leadership.isCurrent()).toBe(false);

    etcd.resume?.();
    await eventually(() => store.put('/w/k', 'again'));
    expect((await watching)?.revision).toBeGreaterThan(revision);
    expect((await store.lead(one)).isCurrent()).toBe(true);
  });

  it('loses the leadership when its lease is revoked, and keeps it beyond its time to live otherwise', async () => {
    const etcd = await server();
    const store = client(etcd.endpoint);
    const leadership = await store.lead(one);
    // More than two times to live, counted by etcd's own clock: a lease nobody renews is gone by then.
    const admin = new Etcd3({ hosts: etcd.endpoint });
    cleanups.push(() => admin.close());
    const clock = await admin.leaseClient.leaseGrant({ TTL: 3 });
    await eventually(async () => expect((await admin.leaseClient.leaseTimeToLive({ ID: clock.ID })).TTL).toBe('-1'));
    expect(leadership.isCurrent()).toBe(true);

    const key = await admin.kv.range({ key: Buffer.from(LEADER_KEY) });
    await admin.leaseClient.leaseRevoke({ ID: key.kvs[0]?.lease ?? '' });
    await until('it is lost', () => leadership.lost.aborted);
    expect(leadership.lost.reason).toMatchObject({ code: 'deposed' });
  });

  it('says corrupt when the leader key holds something else, and never guesses', async () => {
    const store = client((await server()).endpoint);
    await store.put(LEADER_KEY, 'nobody knows');
    await expect(store.lead(one)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(LEADER_KEY) as string,
    });
  });

  it('says compacted to a watch that was away while others compacted, or whose etcd was replaced', async () => {
    const etcd = await server();
    const store = client(etcd.endpoint);
    const admin = client(etcd.endpoint);
    const revision = await store.put('/w/k', '1');
    for (let i = 0; i < 20; i += 1) await admin.put('/w/k', `${i}`);
    const seen: WatchBatch[] = [];
    const watching = (async () => {
      for await (const batch of store.watch('/w/', { afterRevision: revision })) seen.push(batch);
    })();
    const refused = expect(watching).rejects.toMatchObject({ code: 'compacted' });
    await until('it caught up', () => seen.length === 20);
    await etcd.kill();
    rmSync(etcd.dataDir, { recursive: true });
    await etcd.restart();
    await refused;

    await eventually(() => admin.put('/w/k', 'new'));
    const before = await admin.put('/w/k', 'newer');
    for (let i = 0; i < 3; i += 1) await admin.put('/w/k', `${i}`);
    await admin.compact(before + 2);
    await expect(firstBatch(client(etcd.endpoint), '/w/', before)).rejects.toMatchObject({ code: 'compacted' });
  });
});

async function firstBatch(
  store: KeyValueStore,
  prefix: string,
  afterRevision: number,
): Promise<WatchBatch | undefined> {
  for await (const batch of store.watch(prefix, { afterRevision })) return batch;
  return undefined;
}
