import { describe, expect, it } from 'vitest';
import { MAX_COMMIT_GUARDS, MAX_COMMIT_OPERATIONS } from '../store.ts';
import type { Commit, Guard, KeyValueStore, Operation } from '../store.ts';
import type { Clients } from './store-harness.ts';

/** commit: guards, all or nothing, sizes, what is refused. */
export function describeCommit(clients: Clients): void {
  describe('commits', () => {
    it('applies puts and deletes at one revision', async () => {
      const store = await clients.open();
      const before = await store.put('/gone', 'x');
      const result = await store.commit({
        guards: [],
        operations: [put('/a', '1'), put('/b', '2'), { type: 'delete', key: '/gone' }, { type: 'delete', key: '/no' }],
      });
      expect(result).toEqual({ outcome: 'committed', revision: before + 1 });
      expect(await store.getAllWithPrefix('/')).toEqual({
        revision: before + 1,
        entries: [
          { key: '/a', value: '1', revision: before + 1 },
          { key: '/b', value: '2', revision: before + 1 },
        ],
      });
    });

    it('commits nothing at no new revision', async () => {
      const store = await clients.open();
      const revision = await store.put('/a', '1');
      expect(await store.commit({ guards: [], operations: [] })).toEqual({ outcome: 'committed', revision });
      const useless: Operation[] = [{ type: 'delete', key: '/no' }];
      expect(await store.commit({ guards: [], operations: useless })).toEqual({ outcome: 'committed', revision });
    });

    it('checks every guard, and changes nothing if one does not hold', async () => {
      const store = await clients.open();
      const revision = await store.put('/a', 'one');
      const holding: Guard[] = [
        { key: '/a', revision },
        { key: '/a', value: 'one' },
        { key: '/absent', revision: 0 },
        { key: '/absent', value: null },
      ];
      const failing: Guard[] = [
        { key: '/a', revision: revision + 1 },
        { key: '/a', revision: 0 },
        { key: '/a', value: 'two' },
        { key: '/a', value: null },
        { key: '/absent', value: '' },
        { key: '/absent', revision },
      ];
      for (const guard of failing) {
        const result = await store.commit({ guards: [...holding, guard], operations: [put('/b', 'x')] });
        expect(result, JSON.stringify(guard)).toEqual({ outcome: 'conflict' });
      }
      expect(await store.getAllWithPrefix('/')).toMatchObject({ revision, entries: [{ key: '/a' }] });
      const result = await store.commit({ guards: holding, operations: [put('/b', 'x')] });
      expect(result).toEqual({ outcome: 'committed', revision: revision + 1 });
    });

    it.each([
      [1, 1],
      [127, 1],
      [128, 1],
      [129, 1],
      [1000, 0],
      [MAX_COMMIT_OPERATIONS, 1],
      [MAX_COMMIT_OPERATIONS, MAX_COMMIT_GUARDS],
    ])('commits %i operations under %i guards, all or nothing', async (size, guardCount) => {
      const store = await clients.open();
      const fence = await store.put('/fence', '0');
      const operations = [put('/fence', '1'), ...puts(size - 1)];
      const guards = Array.from({ length: guardCount }, (_, i): Guard => {
        return i === 0 ? { key: '/fence', revision: fence } : { key: `/absent/${i}`, value: null };
      });
      if (guardCount > 0) {
        const stale = [...guards.slice(1), { key: '/fence', value: 'other' }];
        expect(await store.commit({ guards: stale, operations })).toEqual({ outcome: 'conflict' });
        expect((await store.getAllWithPrefix('/')).revision).toBe(fence);
      }
      expect(await store.commit({ guards, operations })).toEqual({ outcome: 'committed', revision: fence + 1 });
      const { revision, entries } = await store.getAllWithPrefix('/');
      expect(revision).toBe(fence + 1);
      expect(entries).toHaveLength(size);
      expect(entries.every((entry) => entry.revision === fence + 1)).toBe(true);
    });

    it('refuses what is over a limit, a key twice, an empty key; and applies nothing', async () => {
      const store = await clients.open();
      const revision = await store.put('/a', 'one');
      const refused: Commit[] = [
        { guards: [], operations: puts(MAX_COMMIT_OPERATIONS + 1) },
        {
          guards: Array.from({ length: MAX_COMMIT_GUARDS + 1 }, (_, i) => ({ key: `/${i}`, value: null })),
          operations: [],
        },
        { guards: [], operations: [put('/b', '1'), put('/b', '2')] },
        { guards: [], operations: [put('/b', '1'), { type: 'delete', key: '/b' }] },
        { guards: [], operations: [...puts(300), put('/p/00000', 'again')] },
        { guards: [], operations: [put('/b', '1'), put('', '2')] },
        { guards: [{ key: '', value: null }], operations: [put('/b', '1')] },
        { guards: [{ key: '/a', revision: -1 }], operations: [put('/b', '1')] },
        { guards: [{ key: '/a', revision: 0.5 }], operations: [put('/b', '1')] },
      ];
      for (const commit of refused) {
        const refusal = { name: 'StoreError', code: 'invalid_argument' };
        if (store.prepare !== undefined) await expect(store.prepare(commit)).rejects.toMatchObject(refusal);
        await expect(store.commit(commit)).rejects.toMatchObject(refusal);
      }
      expect((await store.getAllWithPrefix('/')).revision).toBe(revision);
    });

    it('makes a commit that was prepared like any other, and none that was only prepared', async () => {
      const store = await clients.open();
      await store.put('/fence', 'a');
      const first = fenced('a', 'b', [...puts(300), put('/umlaut/ü', 'größer')]);
      const second = fenced('b', 'c', [put('/n', '1'), { type: 'delete', key: '/p/00000' }]);
      const never = fenced('a', 'd', [put('/n', 'never')]);
      for (const commit of [first, second, never]) await store.prepare?.(commit);
      expect(await store.commit(second)).toEqual({ outcome: 'conflict' });
      const { revision } = await store.getAllWithPrefix('/');
      expect(await store.commit(first)).toEqual({ outcome: 'committed', revision: revision + 1 });
      expect(await store.commit(first)).toEqual({ outcome: 'conflict' });
      expect(await store.commit(second)).toEqual({ outcome: 'committed', revision: revision + 2 });
      expect(await store.commit(never)).toEqual({ outcome: 'conflict' });
      const { entries } = await store.getAllWithPrefix('/');
      expect(entries).toHaveLength(302);
      expect(await valueOf(store, '/umlaut/ü')).toBe('größer');
      expect(await valueOf(store, '/n')).toBe('1');
      expect(await valueOf(store, '/fence')).toBe('c');
    });

    it('applies a repeat at most once, because the fence moved', async () => {
      const store = await clients.open();
      await store.put('/fence', 'a');
      const commit = fenced('a', 'b', [put('/n', '1')]);
      expect((await store.commit(commit)).outcome).toBe('committed');
      await store.put('/n', 'later');
      expect(await store.commit(commit)).toEqual({ outcome: 'conflict' });
      expect(await valueOf(store, '/n')).toBe('later');
    });
  });
}

function put(key: string, value: string): Operation {
  return { type: 'put', key, value };
}

function puts(count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => put(`/p/${String(i).padStart(5, '0')}`, `${i}`));
}

/** Moves `/fence` from one value to the next, and does `operations`. */
export function fenced(from: string, to: string, operations: readonly Operation[]): Commit {
  return { guards: [{ key: '/fence', value: from }], operations: [...operations, put('/fence', to)] };
}

/** The value of a key, or undefined. */
export async function valueOf(store: KeyValueStore, key: string): Promise<string | undefined> {
  return (await store.get(key))?.value;
}
