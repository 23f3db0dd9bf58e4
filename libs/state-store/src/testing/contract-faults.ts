import { describe, expect, it } from 'vitest';
import { FENCE_KEY, LEADER_KEY } from '../store.ts';
import type { CommitResult, KeyValueStore, Operation, WatchBatch } from '../store.ts';
import { fenced, valueOf } from './contract-commit.ts';
import { eventually, until } from './eventually.ts';
import type { Clients } from './store-harness.ts';

/** Large enough to be told from a ping when it is held. */
const VALUE = 'v'.repeat(2000);

/** What a network can do to a store's client. Its calls must time out within seconds. */
export function describeFaults(clients: Clients): void {
  describe('faults between client and store', () => {
    it('does not know the outcome when the answer is lost; a repeat and the fence tell', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      await store.put('/fence', 'a');
      const commit = fenced('a', 'b', [put('/n', VALUE)]);
      proxy.swallowAnswers();
      const pending = store.commit(commit);
      await eventually(async () => expect(await valueOf(direct, '/fence')).toBe('b'));
      proxy.cut();
      expect(await pending).toMatchObject({ outcome: 'unknown' });
      await proxy.release();
      const applied = (await direct.get('/n'))?.revision;
      expect(await repeat(store, commit)).toEqual({ outcome: 'conflict' });
      expect(await valueOf(store, '/fence')).toBe('b');
      expect((await store.get('/n'))?.revision, 'applied once').toBe(applied);
    });

    it('applies a cut request that arrives after its repeat at most once', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      await store.put('/fence', 'a');
      const commit = fenced('a', 'b', [put('/n', VALUE)]);
      proxy.holdRequests();
      const pending = store.commit(commit);
      await until('the request is held', () => proxy.heldBytes() > VALUE.length);
      proxy.cutClients();
      expect(await pending).toMatchObject({ outcome: 'unknown' });
      expect(await valueOf(direct, '/fence')).toBe('a');

      expect((await repeat(store, commit)).outcome).toBe('committed');
      expect((await store.commit(fenced('b', 'c', [put('/n', 'later')]))).outcome).toBe('committed');
      const before = await direct.getAllWithPrefix('/');
      await proxy.release();
      await direct.put('/after', 'x');
      expect(await valueOf(direct, '/n')).toBe('later');
      expect(await valueOf(direct, '/fence')).toBe('c');
      expect((await direct.get('/after'))?.revision, 'nothing was written in between').toBe(before.revision + 1);
    });

    it('finds the fence moved when a cut request arrives before its repeat', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      await store.put('/fence', 'a');
      const commit = fenced('a', 'b', [put('/n', VALUE)]);
      proxy.holdRequests();
      const pending = store.commit(commit);
      await until('the request is held', () => proxy.heldBytes() > VALUE.length);
      proxy.cutClients();
      expect(await pending).toMatchObject({ outcome: 'unknown' });
      await proxy.release();
      await eventually(async () => expect(await valueOf(direct, '/fence')).toBe('b'));
      expect(await repeat(store, commit)).toEqual({ outcome: 'conflict' });
      expect(await valueOf(store, '/fence')).toBe('b');
    });

    it('answers in bounded time when the store hangs', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      await store.put('/fence', 'a');
      proxy.holdRequests();
      const began = performance.now();
      const results = await Promise.allSettled([
        store.commit(fenced('a', 'b', [put('/n', '1')])),
        store.get('/fence'),
        store.put('/x', '1'),
        store.getAllWithPrefix('/'),
      ]);
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(results[0]).toMatchObject({ status: 'fulfilled', value: { outcome: 'unknown' } });
      for (const result of results.slice(1)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', code: 'unavailable' } });
      }
      proxy.cut();
      await proxy.release();
      await eventually(() => store.put('/y', '1'));
      expect(await valueOf(direct, '/y')).toBe('1');
    });

    it('says unavailable, surely not applied, while nothing listens; and recovers by itself', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      await store.put('/fence', 'a');
      const commit = fenced('a', 'b', []);
      await proxy.refuse();
      await eventually(() => expect(store.commit(commit)).rejects.toMatchObject({ code: 'unavailable' }));
      for (let i = 0; i < 20; i += 1) {
        await expect(store.commit(commit)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
      }
      await expect(store.get('/fence')).rejects.toMatchObject({ code: 'unavailable' });
      expect(await valueOf(direct, '/fence')).toBe('a');
      await proxy.accept();
      expect((await eventually(() => store.commit(commit))).outcome).toBe('committed');
    });

    it('works through a slow connection', async () => {
      const { store, proxy } = await clients.openBehindProxy();
      proxy.delay(50);
      await store.put('/fence', 'a');
      expect((await store.commit(fenced('a', 'b', [put('/n', VALUE)]))).outcome).toBe('committed');
      expect((await store.getAllWithPrefix('/')).entries).toHaveLength(2);
    });

    it('watches across cuts without gap or repeat', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      const revision = await direct.put('/start', 'x');
      const seen: WatchBatch[] = [];
      const following = (async () => {
        for await (const batch of store.watch('/w/', { afterRevision: revision })) {
          seen.push(batch);
          if (seen.length === 60) return;
        }
      })();
      for (let i = 0; i < 60; i += 1) {
        if (i % 20 === 10) {
          proxy.cut();
          await until('the watch is back', () => seen.length >= i);
        }
        await direct.put('/w/n', `${i}`);
      }
      await following;
      expect(seen.map((batch) => batch.revision)).toEqual(Array.from({ length: 60 }, (_, i) => revision + 1 + i));
    });

    it('knows that it no longer leads before anybody else does', async () => {
      const { store, direct, proxy } = await clients.openBehindProxy();
      const leadership = await store.lead({ id: 'one', address: 'one:1' });
      await proxy.refuse();
      let stillCurrent: boolean | undefined;
      const second = await direct.lead({ id: 'two', address: 'two:2' }).then((successor) => {
        stillCurrent = leadership.isCurrent();
        return successor;
      });
      expect(stillCurrent).toBe(false);
      await until('it is lost', () => leadership.lost.aborted);
      expect(leadership.lost.reason).toMatchObject({ code: 'deposed' });

      const abort = new AbortController();
      const waiting = store.lead({ id: 'one', address: 'one:1' }, { signal: abort.signal });
      await proxy.accept();
      await second.resign();
      const third = await waiting;
      expect(third.isCurrent()).toBe(true);
      expect(await valueOf(direct, FENCE_KEY)).toBe(third.fence);
      expect(await valueOf(direct, LEADER_KEY)).toContain('"one"');
    });

    it('stops trying to lead when its signal aborts while the store is away', async () => {
      const { store, proxy } = await clients.openBehindProxy();
      await proxy.refuse();
      const abort = new AbortController();
      const waiting = store.lead({ id: 'one', address: 'one:1' }, { signal: abort.signal });
      await eventually(() => expect(store.get('/k')).rejects.toMatchObject({ code: 'unavailable' }));
      abort.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
    });
  });
}

/** Sends a commit again, unchanged, until the store can be reached and says what became of it. */
function repeat(store: KeyValueStore, commit: Parameters<KeyValueStore['commit']>[0]): Promise<CommitResult> {
  return eventually(async () => {
    const result = await store.commit(commit);
    if (result.outcome === 'unknown') throw new Error('still unknown', { cause: result.cause });
    return result;
  });
}

function put(key: string, value: string): Operation {
  return { type: 'put', key, value };
}
