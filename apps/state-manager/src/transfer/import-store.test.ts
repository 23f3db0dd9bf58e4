import { FENCE_KEY, IMPORT_KEY, StoreError, openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { beforeEach, describe, expect, it } from 'vitest';
import { ScriptedStore } from '../../test/kit/engine.ts';
import { NEVER, contentsOf, decidedStore, exported, packageDocument, quiet } from '../../test/kit/transfer.ts';
import type { ExportFile, FileEntry } from './file-format.ts';
import { importInto, type Imported, type ImportOptions } from './import-store.ts';

const RECORD = '/statemanager/record/package/p';

/** A file with many entries besides. */
function withMany(file: ExportFile, count: number, valueLength = 10): ExportFile {
  const many = Array.from({ length: count }, (_, i): FileEntry => {
    return { key: `Model/z${String(i).padStart(6, '0')}`, value: 'x'.repeat(valueLength) };
  });
  const entries = [...file.entries, ...many].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { ...file, entries };
}

describe('importInto', () => {
  let file: ExportFile;
  let store: ScriptedStore;

  beforeEach(async () => {
    file = await exported(await decidedStore());
    store = new ScriptedStore(openMemoryStore());
  });

  const run = (parts: Partial<ImportOptions> = {}, wanted = file): Promise<Imported> =>
    importInto(store, wanted, { replace: false, leaderIsLive: false, stopped: NEVER, teller: quiet, ...parts });

  it('makes an empty store what the file is, and leaves no mark and no leader', async () => {
    await store.put('/else', 'stays');
    const { entries } = file;
    expect(await run()).toEqual({ putCount: entries.length, deletedCount: 0, sameCount: 0 });
    expect((await exported(store)).trailer).toEqual(file.trailer);
    const keys = Object.keys(await contentsOf(store));
    expect(keys.sort()).toEqual([...entries.map(({ key }) => key), '/else'].sort());
    expect(await store.get('/statemanager/leader')).toBeUndefined();
  });

  it('puts the document’s own revision into a record, or none if it was made from another', async () => {
    for (let i = 0; i < 9; i += 1) await store.put('/else', String(i));
    const revisions = async (): Promise<unknown[]> => {
      const record = JSON.parse((await store.get(RECORD))?.value ?? '') as { definition: { revision: number } };
      return [record.definition.revision, (await store.get('Package/p'))?.revision];
    };
    await run();
    const [recorded, actual] = await revisions();
    expect(recorded).toBe(actual);
    const source = await decidedStore();
    await source.put('Package/p', packageDocument(['a']));
    await run({ replace: true }, await exported(source));
    expect((await revisions())[0]).toBe(0);
  });

  it('changes nothing where all is the same already, not even the fence', async () => {
    await run();
    const { revision } = await store.getAllWithPrefix('');
    expect(await run()).toEqual({ putCount: 0, deletedCount: 0, sameCount: file.entries.length });
    expect((await store.getAllWithPrefix('')).revision).toBe(revision);
  });

  it('refuses a store that holds anything else, and leaves it alone', async () => {
    await store.put('/model/a/state', 'Running');
    await store.put('/model/other/state', 'Dead');
    const { revision } = await store.getAllWithPrefix('');
    const failure = run();
    await expect(failure).rejects.toThrow('is not empty, and what it holds is not of this file; nothing was changed');
    await expect(failure).rejects.toThrow('1 key that the file does not have: /model/other/state');
    await expect(failure).rejects.toThrow('1 key with another value than the file: /model/a/state');
    expect((await store.getAllWithPrefix('')).revision).toBe(revision);
  });

  it('replaces it if it is told to, and deletes what the file does not have', async () => {
    await store.put('/model/a/state', 'Running');
    await store.put('/model/other/state', 'Dead');
    await store.put('Package/old', 'x');
    await store.put('/package/stray', 'x');
    expect(await run({ replace: true })).toMatchObject({ putCount: file.entries.length, deletedCount: 2 });
    expect((await exported(store)).trailer).toEqual(file.trailer);
    expect(await store.get('/package/stray')).toBeDefined();
  });

  it('goes on where a part is there already', async () => {
    await store.put('Package/p', packageDocument(['a', 'b']));
    await store.put('/model/a/state', 'Dead');
    expect(await run()).toEqual({ putCount: file.entries.length - 2, deletedCount: 0, sameCount: 2 });
    expect((await exported(store)).trailer).toEqual(file.trailer);
  });

  it('refuses a store that somebody leads', async () => {
    const leader = await store.lead({ id: 'node-7', address: '10.0.0.7:47006' });
    await expect(run({ leaderIsLive: true })).rejects.toThrow(
      'scripted: is led by node-7 (10.0.0.7:47006): stop it first',
    );
    expect(leader.isCurrent()).toBe(true);
    expect(Object.keys(await contentsOf(store))).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4])('ended after %i transactions, goes on to the same end', async (count) => {
    const big = { ...withMany(file, 9000), trailer: file.trailer };
    const applied = { count: 0 };
    store.always = (apply) => {
      if (applied.count === count) return Promise.reject(new StoreError('closed', 'it was killed'));
      applied.count += 1;
      return apply();
    };
    const ended = await run({}, big).catch((error: Error) => error);
    if (!(ended instanceof Error)) throw new Error(`it needs only ${applied.count} transactions`);
    expect(ended.message).toContain('run the same command again to go on');
    expect((await store.get(IMPORT_KEY)) === undefined).toBe(count === 0);
    store.always = (apply) => apply();
    const { sameCount } = await run({}, big);
    expect(sameCount > 0).toBe(count > 0);
    expect(await store.get(IMPORT_KEY)).toBeUndefined();
    const once = openMemoryStore();
    await importInto(once, big, { replace: false, leaderIsLive: false, stopped: NEVER, teller: quiet });
    expect((await exported(store)).trailer).toEqual((await exported(once)).trailer);
  });

  it('keeps within what one transaction takes', async () => {
    await run({}, { ...withMany(file, 5000), trailer: file.trailer });
    await run({ replace: true }, { ...withMany(file, 300, 10_000), trailer: { ...file.trailer, sha256: 'other' } });
    for (const { operations, guards } of store.commits) {
      const bytes = operations.reduce((sum, one) => sum + (one.type === 'put' ? one.value.length : 0), 0);
      expect(operations.length).toBeLessThanOrEqual(4096);
      expect(bytes).toBeLessThanOrEqual(1_048_576 + 100);
      expect(guards).toEqual([{ key: FENCE_KEY, value: expect.any(String) as string }]);
    }
    expect(store.commits.length).toBeGreaterThan(5);
  });

  it('takes smaller steps where the store takes less, and says which key it does not take at all', async () => {
    store.always = (apply, { operations }) =>
      operations.length > 5 ? Promise.reject(new StoreError('too_large', 'too large')) : apply();
    await run();
    expect((await exported(store)).trailer).toEqual(file.trailer);
    store.always = () => Promise.reject(new StoreError('too_large', 'more than 3 bytes'));
    await store.delete('Package/p');
    await expect(run()).rejects.toThrow(/is refused: more than 3 bytes; about 0 of \d+ keys were written/);
  });

  it('ends between two transactions when it is to stop', async () => {
    const stop = new AbortController();
    store.steps.push((apply) => {
      stop.abort(new Error('stopped by SIGTERM'));
      return apply();
    });
    await expect(run({ stopped: stop.signal })).rejects.toThrow('stopped by SIGTERM; about');
    expect(store.commits).toHaveLength(1);
    expect(await store.get('/statemanager/leader')).toBeUndefined();
  });

  it('ends when another takes the lead', async () => {
    store.steps.push(async (apply) => {
      await store.put(FENCE_KEY, 'of another');
      return apply();
    });
    await expect(run()).rejects.toThrow('another writer moved the fence');
  });

  describe('while an author puts documents', () => {
    const during = async (meanwhile: (store: KeyValueStore) => Promise<unknown>): Promise<void> => {
      store.steps.push(
        (apply) => apply(),
        async (apply) => {
          const result = await apply();
          await meanwhile(store);
          return result;
        },
      );
      await expect(run()).rejects.toThrow(/somebody else writes to scripted:.*(Package|record\/package)\/p/);
      expect(await store.get(IMPORT_KEY)).toBeDefined();
    };

    it('does not end; and goes on if it was the same document', async () => {
      await during((one) => one.put('Package/p', packageDocument(['a', 'b'])));
      expect(await run()).toMatchObject({ putCount: 1 });
      expect((await exported(store)).trailer).toEqual(file.trailer);
    });

    it('overwrites another document only if it is told to', async () => {
      await during((one) => one.put('Package/p', packageDocument(['c'])));
      await expect(run()).rejects.toThrow('another value than the file: Package/p');
      await run({ replace: true });
      expect((await exported(store)).trailer).toEqual(file.trailer);
    });
  });

  describe('after an import that did not end', () => {
    const other = 'f'.repeat(64);
    const endEarly = async (parts: Partial<ImportOptions>): Promise<void> => {
      store.steps.push(
        (apply) => apply(),
        () => Promise.reject(new StoreError('closed', 'killed')),
      );
      await expect(run(parts)).rejects.toThrow('killed');
    };

    it('refuses another file, and takes it with --replace', async () => {
      await endEarly({});
      const another = { ...file, trailer: { ...file.trailer, sha256: other } };
      await expect(run({}, another)).rejects.toThrow('an import of another file into scripted: has not ended');
      await run({ replace: true }, another);
      expect(await store.get(IMPORT_KEY)).toBeUndefined();
    });

    it('goes on replacing what it was told to replace', async () => {
      await store.put('/model/other/state', 'Dead');
      await endEarly({ replace: true });
      expect(await store.get('/model/other/state')).toBeDefined();
      await run();
      expect((await exported(store)).trailer).toEqual(file.trailer);
    });
  });
});
