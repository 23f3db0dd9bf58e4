import { describe, expect, it } from 'vitest';
import { SLOW_MS } from '../store-status.ts';
import { eventually } from './eventually.ts';
import type { Clients } from './store-harness.ts';

/** status: what it says, and that it never throws but after close. */
export function describeStatus(clients: Clients): void {
  describe('the status', () => {
    it('is ok, names the store, and changes nothing', async () => {
      const store = await clients.open();
      const revision = await store.put('/k', 'v');
      const status = await store.status();
      expect(status).toMatchObject({ state: 'ok', detail: `${store.name} serves` });
      expect(status.reason).toBeUndefined();
      expect(status.latencyMs).toBeLessThan(SLOW_MS);
      expect((await store.getAllWithPrefix('')).revision).toBe(revision);
    });

    it("does not mind a caller's mistake", async () => {
      const store = await clients.open();
      const same = { type: 'put', key: '/k', value: 'v' } as const;
      await expect(store.commit({ guards: [], operations: [same, same] })).rejects.toThrow();
      expect((await store.status()).state).toBe('ok');
    });

    it('throws closed after close', async () => {
      const store = await clients.open();
      await store.close();
      await expect(store.status()).rejects.toMatchObject({ name: 'StoreError', code: 'closed' });
    });
  });
}

/** The status of a store that a network is in front of. */
export function describeStatusOfRemote(clients: Clients): void {
  describe('the status across a network', () => {
    it('is unavailable while nothing listens, and ok by itself afterwards', async () => {
      const { store, proxy } = await clients.openBehindProxy();
      await store.put('/k', 'v');
      await proxy.refuse();
      await eventually(async () => {
        expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'unreachable' });
      });
      await proxy.accept();
      await eventually(async () => expect(await store.status()).toMatchObject({ state: 'ok' }));
    });

    it('says that the store hangs, in bounded time', async () => {
      const { store, proxy } = await clients.openBehindProxy();
      await store.put('/k', 'v');
      proxy.holdRequests();
      const beganAtMs = performance.now();
      expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'timeout' });
      expect(performance.now() - beganAtMs).toBeLessThan(10_000);
      proxy.cut();
      await proxy.release();
      await eventually(async () => expect(await store.status()).toMatchObject({ state: 'ok' }));
    });

    it('is slow while answers take long, and ok when a write was quick again', async () => {
      const { store, proxy } = await clients.openBehindProxy();
      await store.put('/k', 'v');
      proxy.delay(SLOW_MS / 2 + 50);
      await store.put('/k', 'v');
      proxy.delay(0);
      const slow = await store.status();
      expect(slow.state).toBe('slow');
      expect(slow.latencyMs).toBeGreaterThanOrEqual(SLOW_MS);
      await eventually(async () => {
        await store.put('/k', 'v');
        expect((await store.status()).state).toBe('ok');
      });
    });
  });
}
