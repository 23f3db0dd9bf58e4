import { describe, expect, it } from 'vitest';
import { FENCE_KEY } from '../store.ts';
import type { KeyValueStore } from '../store.ts';
import { valueOf } from './contract-commit.ts';
import type { Clients } from './store-harness.ts';

/** Several writers at once, and one that does not know yet that it no longer leads. */
export function describeWriters(clients: Clients): void {
  describe('writers', () => {
    it('lets exactly one of many guarded commits win', async () => {
      const store = await clients.open();
      const writers = [store, await clients.second(store)];
      for (let round = 0; round < 10; round += 1) {
        const guard = { key: '/round', revision: (await store.get('/round'))?.revision ?? 0 };
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, i) =>
            (writers[i % 2] as KeyValueStore).commit({
              guards: [guard],
              operations: [
                { type: 'put', key: '/round', value: `${round}` },
                { type: 'put', key: `/won/${round}/${i}`, value: 'x' },
              ],
            }),
          ),
        );
        expect(results.filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
        expect(results.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(7);
        expect((await store.getAllWithPrefix(`/won/${round}/`)).entries).toHaveLength(1);
      }
    });

    it('counts to 200 with four writers that increment what they read', async () => {
      const store = await clients.open();
      const other = await clients.second(store);
      const increment = async (client: KeyValueStore) => {
        for (;;) {
          const entry = await client.get('/counter');
          const result = await client.commit({
            guards: [{ key: '/counter', revision: entry?.revision ?? 0 }],
            operations: [{ type: 'put', key: '/counter', value: `${Number(entry?.value ?? 0) + 1}` }],
          });
          if (result.outcome === 'committed') return;
        }
      };
      const work = async (client: KeyValueStore) => {
        for (let i = 0; i < 50; i += 1) await increment(client);
      };
      await Promise.all([store, other, store, other].map(work));
      expect(await valueOf(store, '/counter')).toBe('200');
    });

    it('fails the commits of a deposed writer, from its first one on', async () => {
      const store = await clients.open();
      const successor = await clients.second(store);
      const old = await store.lead({ id: 'one', address: 'one:1' });
      const chain = (client: KeyValueStore, from: string, to: string) =>
        client.commit({
          guards: [{ key: FENCE_KEY, value: from }],
          operations: [
            { type: 'put', key: FENCE_KEY, value: to },
            { type: 'put', key: '/written-by', value: to },
          ],
        });
      expect((await chain(store, old.fence, 'old-1')).outcome).toBe('committed');
      expect((await chain(store, 'old-1', 'old-2')).outcome).toBe('committed');

      const fresh = await successor.lead({ id: 'one', address: 'one:2' });
      expect(await chain(store, 'old-2', 'old-3')).toEqual({ outcome: 'conflict' });
      expect((await chain(successor, fresh.fence, 'new-1')).outcome).toBe('committed');
      expect(await chain(store, 'old-2', 'old-3')).toEqual({ outcome: 'conflict' });
      expect(await valueOf(store, '/written-by')).toBe('new-1');
    });
  });
}
