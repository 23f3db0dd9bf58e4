import { describe, expect, it } from 'vitest';
import { FENCE_KEY, LEADER_KEY } from '../store.ts';
import type { Leadership } from '../store.ts';
import { valueOf } from './contract-commit.ts';
import { until } from './eventually.ts';
import type { Clients } from './store-harness.ts';

/** lead: one at a time, takeover with the own id, resignation, loss. */
export function describeLead(clients: Clients): void {
  describe('leadership', () => {
    const one = { id: 'one', address: 'one:1' };
    const two = { id: 'two', address: 'two:2' };

    it('puts the candidate and a fresh fence in one transaction', async () => {
      const store = await clients.open();
      const leadership = await store.lead(one);
      const [leader, fence] = [await store.get(LEADER_KEY), await store.get(FENCE_KEY)];
      expect(JSON.parse(leader?.value ?? '')).toEqual(one);
      expect(fence?.value).toBe(leadership.fence);
      expect(leader?.revision).toBe(fence?.revision);
      expect(leadership.isCurrent()).toBe(true);
      expect(leadership.lost.aborted).toBe(false);
    });

    it('lets another id wait until the leader resigns', async () => {
      const store = await clients.open();
      const rival = await clients.second(store);
      const first = await store.lead(one);
      const waiting = watched(rival.lead(two));
      await store.put('/meanwhile', 'x');
      expect(waiting.settled()).toBe(false);
      expect(await valueOf(store, LEADER_KEY)).toContain('"one"');

      await first.resign();
      await first.resign();
      expect(first.isCurrent()).toBe(false);
      expect(first.lost.reason).toMatchObject({ code: 'deposed' });
      const second = await waiting.promise;
      expect(JSON.parse((await valueOf(store, LEADER_KEY)) ?? '')).toEqual(two);
      expect(second.fence).not.toBe(first.fence);
      expect(second.isCurrent()).toBe(true);
      await second.resign();
      expect(await store.get(LEADER_KEY)).toBeUndefined();
    });

    it('takes over at once with its own id, and the former holder loses', async () => {
      const store = await clients.open();
      const again = await clients.second(store);
      const first = await store.lead(one);
      const second = await again.lead({ ...one, address: 'one:2' });
      await until('the former holder learns of it', () => first.lost.aborted);
      expect(first.isCurrent()).toBe(false);
      expect(first.lost.reason).toMatchObject({ name: 'StoreError', code: 'deposed' });
      expect(second.fence).not.toBe(first.fence);
      await first.resign();
      expect(second.isCurrent(), 'the resignation of the former holder changes nothing').toBe(true);
      expect(await valueOf(store, FENCE_KEY)).toBe(second.fence);
      expect(JSON.parse((await valueOf(store, LEADER_KEY)) ?? '')).toEqual({ ...one, address: 'one:2' });
    });

    it.each(['deleted', 'changed'] as const)('is lost when its key is %s by somebody else', async (how) => {
      const store = await clients.open();
      const leadership = await store.lead(one);
      if (how === 'deleted') await store.delete(LEADER_KEY);
      else await store.put(LEADER_KEY, JSON.stringify(two));
      await until('it is lost', () => leadership.lost.aborted);
      expect(leadership.isCurrent()).toBe(false);
      expect(leadership.lost.reason).toMatchObject({ code: 'deposed' });
    });

    it('gives up waiting when its signal aborts', async () => {
      const store = await clients.open();
      const rival = await clients.second(store);
      const leadership = await store.lead(one);
      const abort = new AbortController();
      const waiting = watched(rival.lead(two, { signal: abort.signal }));
      await store.put('/meanwhile', 'x');
      abort.abort(new Error('enough'));
      await expect(waiting.promise).rejects.toThrow('enough');
      await expect(rival.lead(two, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
      expect(leadership.isCurrent()).toBe(true);
    });

    it('is given up by close', async () => {
      const store = await clients.open();
      const leadership = await store.lead(one);
      await store.close();
      expect(leadership.isCurrent()).toBe(false);
      expect(leadership.lost.aborted).toBe(true);
    });

    it('goes to the same id at once after a restart', async () => {
      const store = await clients.open();
      const first = await store.lead(one);
      const restarted = await clients.restart(store);
      const second = await restarted.lead(one);
      await until('the former holder learns of it', () => first.lost.aborted);
      expect(second.fence).not.toBe(first.fence);
      expect(await valueOf(restarted, FENCE_KEY)).toBe(second.fence);
    });
  });
}

function watched(promise: Promise<Leadership>): { promise: Promise<Leadership>; settled(): boolean } {
  let settled = false;
  const done = () => void (settled = true);
  promise.then(done, done);
  return { promise, settled: () => settled };
}
