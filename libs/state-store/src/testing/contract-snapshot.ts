import { describe, expect, it } from 'vitest';
import { MAX_COMMIT_OPERATIONS } from '../store.ts';
import type { KeyValueStore, Operation } from '../store.ts';
import type { Clients } from './store-harness.ts';

/** More than any page, and more than one commit. */
const MANY_KEYS = 10_000;

/** getAllWithPrefix: one revision, key order, pages inside. */
export function describeSnapshot(clients: Clients): void {
  describe('snapshots', () => {
    it('tells keys apart that are prefixes of each other, in the order of their bytes', async () => {
      const store = await clients.open();
      const keys = ['/b', '/a/b', '/ab', '/a', '/a/', '/a/b/c', '/a0', '/a.', '/\uffff', '/\u{1f600}', '/é'];
      for (const key of keys) await store.put(key, `value of ${key}`);
      const under = async (prefix: string) => (await store.getAllWithPrefix(prefix)).entries.map(({ key }) => key);
      expect(await under('/a/')).toEqual(['/a/', '/a/b', '/a/b/c']);
      expect(await under('/a')).toEqual(['/a', '/a.', '/a/', '/a/b', '/a/b/c', '/a0', '/ab']);
      expect(await under('/')).toEqual([...(await under('/a')), ...['/b', '/é', '/\uffff', '/\u{1f600}']]);
      expect(await under('')).toEqual(await under('/'));
      expect(await under('/nothing')).toEqual([]);
    });

    it("says the store's revision, also when nothing matches", async () => {
      const store = await clients.open();
      const revision = await store.put('/a', '1');
      expect(await store.getAllWithPrefix('/none/')).toEqual({ revision, entries: [] });
      expect((await store.getAllWithPrefix('/a')).revision).toBe(revision);
    });

    it(`reads ${MANY_KEYS} keys as of one revision while others write`, async () => {
      const store = await clients.open();
      const last = await fill(store, MANY_KEYS);
      let reading = true;
      const writes = (async () => {
        for (let i = 0; reading; i += 1) {
          const old = `/many/${String(i).padStart(5, '0')}`;
          const late = `/many/${String(MANY_KEYS - 1 - i).padStart(5, '0')}`;
          await store.commit({
            guards: [],
            operations: [
              { type: 'delete', key: old },
              { type: 'put', key: late, value: 'changed' },
              { type: 'put', key: `/many/x${i}`, value: 'new' },
            ],
          });
        }
      })();
      const snapshot = await store.getAllWithPrefix('/many/');
      reading = false;
      await writes;

      const done = snapshot.revision - last;
      expect(done).toBeGreaterThanOrEqual(0);
      expect(snapshot.entries).toHaveLength(MANY_KEYS);
      expect(snapshot.entries.filter(({ value }) => value === 'changed')).toHaveLength(done);
      expect(snapshot.entries.filter(({ value }) => value === 'new')).toHaveLength(done);
      expect(snapshot.entries.every(({ revision }) => revision <= snapshot.revision)).toBe(true);
      const keys = snapshot.entries.map(({ key }) => key);
      expect(keys).toEqual([...keys].sort());
    });

    it('reads values that are much larger than a page', async () => {
      const store = await clients.open();
      for (let i = 0; i < 30; i += 1) await store.put(`/small/${i + 100}`, 'x');
      for (let i = 0; i < 24; i += 1) await store.put(`/small/large-${i + 10}`, 'x'.repeat(900 * 1024));
      const { entries } = await store.getAllWithPrefix('/small/');
      expect(entries).toHaveLength(54);
      expect(entries.filter(({ value }) => value.length === 900 * 1024)).toHaveLength(24);
    });
  });
}

async function fill(store: KeyValueStore, count: number): Promise<number> {
  let revision = 0;
  for (let start = 0; start < count; start += MAX_COMMIT_OPERATIONS) {
    const size = Math.min(MAX_COMMIT_OPERATIONS, count - start);
    const operations = Array.from({ length: size }, (_, i): Operation => {
      return { type: 'put', key: `/many/${String(start + i).padStart(5, '0')}`, value: `${start + i}` };
    });
    const result = await store.commit({ guards: [], operations });
    if (result.outcome !== 'committed') throw new Error(`could not fill the store: ${result.outcome}`);
    revision = result.revision;
  }
  return revision;
}
