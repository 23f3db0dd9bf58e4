import { describe, expect, it } from 'vitest';
import { StoreError } from '../store-error.ts';
import type { Operation, WatchBatch } from '../store.ts';
import { eventually } from './eventually.ts';
import type { Clients } from './store-harness.ts';

/** watch and compact. */
export function describeWatch(clients: Clients): void {
  describe('watches', () => {
    it('continues a snapshot: every change after it, batch by revision, in order', async () => {
      const store = await clients.open();
      await store.put('/w/a', 'old');
      const { revision } = await store.getAllWithPrefix('/w/');
      await store.put('/w/a', '1');
      await store.put('/elsewhere', 'x');
      await store.commit({
        guards: [],
        operations: [put('/w/b', '2'), del('/w/a'), put('/wx', 'x'), put('/w/c', '3')],
      });
      await store.commit({ guards: [], operations: [del('/w/b'), del('/w/never')] });
      const batches = await take(store.watch('/w/', { afterRevision: revision }), 3);
      expect(batches).toEqual([
        { revision: revision + 1, events: [put('/w/a', '1')] },
        { revision: revision + 3, events: [put('/w/b', '2'), del('/w/a'), put('/w/c', '3')] },
        { revision: revision + 4, events: [del('/w/b')] },
      ]);
    });

    it('begins with a coming change when no revision is given', async () => {
      const store = await clients.open();
      await store.put('/w/a', 'old');
      let seen: WatchBatch | undefined;
      const watching = take(store.watch('/w/'), 1).then(([first]) => (seen = first));
      await eventually(async () => {
        const revision = await store.put('/w/a', 'new');
        if (seen === undefined) throw new Error(`nothing seen up to ${revision}`);
      });
      expect((await watching)?.events).toEqual([put('/w/a', 'new')]);
    });

    it('does not split a large commit', async () => {
      const store = await clients.open();
      const revision = await store.put('/fence', 'x');
      const value = 'v'.repeat(200);
      const operations = Array.from({ length: 4096 }, (_, i) => put(`/w/${i}`, value));
      const watching = take(store.watch('/w/', { afterRevision: revision }), 2);
      await store.commit({ guards: [], operations });
      await store.put('/w/after', '1');
      const [large, after] = await watching;
      expect(large?.revision).toBe(revision + 1);
      expect(large?.events).toHaveLength(4096);
      expect(after).toEqual({ revision: revision + 2, events: [put('/w/after', '1')] });
      const [late] = await take(store.watch('/w/', { afterRevision: revision }), 1);
      expect(late?.events, 'the same when it is history').toHaveLength(4096);
    });

    it('follows a fast writer without a gap, for each of several watchers', async () => {
      const store = await clients.open();
      const writer = await clients.second(store);
      const revision = await store.put('/start', 'x');
      const watching = [0, 1, 2].map(() => take(store.watch('/w/', { afterRevision: revision }), 500));
      await Promise.all(Array.from({ length: 500 }, (_, i) => writer.put(`/w/${i}`, `${i}`)));
      for (const batches of await Promise.all(watching)) {
        expect(batches.map((batch) => batch.revision)).toEqual(Array.from({ length: 500 }, (_, i) => revision + 1 + i));
        expect(new Set(batches.map((batch) => batch.events[0]?.key)).size).toBe(500);
      }
    });

    it('ends when its signal aborts, before and while it waits', async () => {
      const store = await clients.open();
      await store.put('/w/a', '1');
      expect(await take(store.watch('/w/', { afterRevision: 0, signal: AbortSignal.abort() }), 9)).toEqual([]);
      const abort = new AbortController();
      const { revision } = await store.getAllWithPrefix('');
      const seen: WatchBatch[] = [];
      for await (const batch of store.watch('/w/', { afterRevision: revision - 1, signal: abort.signal })) {
        seen.push(batch);
        setTimeout(() => abort.abort(), 20);
      }
      expect(seen).toHaveLength(1);
    });

    it('throws closed when the store is closed', async () => {
      const store = await clients.open();
      const revision = await store.put('/w/a', '1');
      const watching = take(store.watch('/w/', { afterRevision: revision - 1 }), 2);
      const refused = expect(watching).rejects.toMatchObject({ code: 'closed' });
      await store.get('/w/a');
      await store.close();
      await refused;
    });

    it('has neither gap nor repeat across a restart', async () => {
      let store = await clients.open();
      const revision = await store.put('/w/n', 'start');
      const seen: WatchBatch[] = [];
      const abort = new AbortController();
      const following = (async () => {
        let reopened = 0;
        while (!abort.signal.aborted) {
          const afterRevision = seen.at(-1)?.revision ?? revision;
          try {
            for await (const batch of store.watch('/w/', { afterRevision, signal: abort.signal })) {
              seen.push(batch);
              if (seen.length === 30) return reopened;
            }
          } catch (error) {
            if (!StoreError.is(error, 'closed')) throw error;
            reopened += 1;
            await eventually(() => store.get('/w/n'));
          }
        }
        return reopened;
      })();
      for (let i = 0; i < 30; i += 1) {
        if (i % 10 === 5) store = await clients.restart(store);
        await eventually(() => store.put('/w/n', `${i}`));
      }
      const reopened = await following;
      if (clients.harness.clientOutlivesRestart) expect(reopened).toBe(0);
      abort.abort();
      expect(seen.map((batch) => batch.revision)).toEqual(Array.from({ length: 30 }, (_, i) => revision + 1 + i));
      expect(seen.map((batch) => batch.events)).toEqual(Array.from({ length: 30 }, (_, i) => [put('/w/n', `${i}`)]));
    });

    it('says compacted when what it needs is gone, and goes on where it is not', async () => {
      const store = await clients.open();
      const first = await store.put('/w/a', '1');
      await store.put('/w/b', '2');
      await store.delete('/w/a');
      await store.put('/w/c', '3');
      await store.compact(first + 2);
      await store.compact(first + 1);
      await store.compact(first + 2);
      for (const afterRevision of [first - 1, first]) {
        const watching = take(store.watch('/w/', { afterRevision }), 1);
        await expect(watching).rejects.toMatchObject({ name: 'StoreError', code: 'compacted' });
      }
      expect(await take(store.watch('/w/', { afterRevision: first + 1 }), 2)).toEqual([
        { revision: first + 2, events: [del('/w/a')] },
        { revision: first + 3, events: [put('/w/c', '3')] },
      ]);
      const { entries } = await store.getAllWithPrefix('/w/');
      expect(entries.map(({ key }) => key)).toEqual(['/w/b', '/w/c']);
    });

    it('does not disturb a watch that is up to date when it compacts', async () => {
      const store = await clients.open();
      const revision = await store.put('/w/a', '1');
      let written = revision;
      for await (const batch of store.watch('/w/', { afterRevision: revision - 1 })) {
        expect(batch.revision).toBe(written);
        if (written === revision + 5) break;
        await store.compact(written);
        written = await store.put('/w/a', `${written}`);
      }
      expect(written).toBe(revision + 5);
    });

    it('refuses to compact the future, and revisions that are none', async () => {
      const store = await clients.open();
      const revision = await store.put('/w/a', '1');
      await expect(store.compact(revision + 5)).rejects.toMatchObject({ code: 'invalid_argument' });
      await expect(store.compact(-1)).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(() => store.watch('/', { afterRevision: Number.NaN })).toThrow(StoreError);
      expect((await store.getAllWithPrefix('/')).entries).toHaveLength(1);
    });
  });
}

/** The first `count` batches of a watch, or all if it ends before. */
async function take(batches: AsyncIterable<WatchBatch>, count: number): Promise<WatchBatch[]> {
  const taken: WatchBatch[] = [];
  for await (const batch of batches) {
    taken.push(batch);
    if (taken.length === count) break;
  }
  return taken;
}

function put(key: string, value: string): Extract<Operation, { type: 'put' }> {
  return { type: 'put', key, value };
}

function del(key: string): Extract<Operation, { type: 'delete' }> {
  return { type: 'delete', key };
}
