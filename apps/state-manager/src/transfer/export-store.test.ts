import { openMemoryStore } from '@statemanager/state-store';
import { describe, expect, it } from 'vitest';
import { decidedStore, exportText, exported, packageDocument, quiet } from '../../test/kit/transfer.ts';
import { exportStore } from './export-store.ts';
import { createTeller } from './teller.ts';

/** The definition that a record in a file has. */
function definitionIn(value: string | undefined): unknown {
  return (JSON.parse(value ?? '{}') as { definition?: unknown }).definition;
}

describe('exportStore', () => {
  it('writes what StateManager needs, and nothing of the moment or of others', async () => {
    const store = await decidedStore();
    await store.put('/else/where', 'x');
    await store.lead({ id: 'x', address: 'a:1' });
    const { header, entries } = await exported(store);
    const { entries: all, revision } = await store.getAllWithPrefix('');
    expect(header).toMatchObject({ store: 'memory:', revision });
    const left = ['/statemanager/leader', '/statemanager/commit', '/else/where'];
    expect(entries.map(({ key }) => key)).toEqual(all.map(({ key }) => key).filter((key) => !left.includes(key)));
    await store.close();
  });

  it('says of a record only whether it was made from the document beside it', async () => {
    const store = await decidedStore();
    const recordOf = async (): Promise<unknown> => {
      const { entries } = await exported(store);
      return definitionIn(entries.find(({ key }) => key === '/statemanager/record/package/p')?.value);
    };
    expect(await recordOf()).toEqual({ revision: 1, models: ['a', 'b'] });
    await store.put('Package/p', packageDocument(['a']));
    expect(await recordOf()).toEqual({ revision: 0, models: ['a', 'b'] });
    await store.delete('Package/p');
    expect(await recordOf()).toEqual({ revision: 0, models: ['a', 'b'] });
  });

  it('keeps fields that this release does not know', async () => {
    const store = await decidedStore();
    const key = '/statemanager/record/package/p';
    const stored = JSON.parse((await store.get(key))?.value ?? '') as { definition: object };
    await store.put(key, JSON.stringify({ ...stored, new: [1], definition: { ...stored.definition, newer: 'x' } }));
    const { entries } = await exported(store);
    const value = JSON.parse(entries.find((entry) => entry.key === key)?.value ?? '') as object;
    expect(value).toMatchObject({ new: [1], definition: { newer: 'x', revision: 1 } });
  });

  it('carries what cannot be read, leaves out strays, and says both', async () => {
    const store = openMemoryStore();
    await store.put('/statemanager/node/n1', 'nonsense');
    await store.put('/package/p/else', 'x');
    const said: string[] = [];
    const text = await exportText(
      store,
      createTeller((line) => said.push(line)),
    );
    expect(text).toContain('{"key":"/statemanager/node/n1","value":"nonsense","unreadable":true}\n');
    expect(text).not.toContain('/package/p/else');
    expect(said).toEqual([
      'state-manager: cannot be read, and is carried as it is: /statemanager/node/n1\n',
      'state-manager: does not belong there, and is left out: /package/p/else\n',
    ]);
  });

  it('refuses what an import has left half done', async () => {
    const store = await decidedStore();
    await store.put('/statemanager/import', '{"sha256":"x"}');
    await expect(exportText(store)).rejects.toThrow('an import into memory: has not ended');
  });

  it('discards the output when it fails, or is to stop', async () => {
    const store = await decidedStore();
    for (const stopped of [AbortSignal.abort(new Error('stopped')), new AbortController().signal]) {
      const calls: string[] = [];
      const output = {
        name: 'full',
        write: () => (calls.push('write'), Promise.resolve()),
        finish: () => Promise.reject(new Error('disk full')),
        discard: () => (calls.push('discard'), Promise.resolve()),
      };
      await expect(exportStore(store, output, quiet, stopped)).rejects.toThrow(stopped.aborted ? 'stopped' : 'full');
      expect(calls.at(-1)).toBe('discard');
    }
  });

  it('of the same contents has the same checksum, whatever revisions the store gave them', async () => {
    const [store, other] = [await decidedStore(), openMemoryStore()];
    const file = await exported(store);
    for (let i = 0; i < 5; i += 1) await other.put('/else', String(i));
    const { entries } = await store.getAllWithPrefix('');
    await other.put('Package/p', packageDocument(['a', 'b']));
    const { revision } = (await other.get('Package/p')) ?? { revision: 0 };
    for (const { key, value } of entries) {
      if (key === 'Package/p') continue;
      await other.put(key, value.replace(/"definition":\{"revision":\d+/, `"definition":{"revision":${revision}`));
    }
    expect((await exported(other)).trailer).toEqual(file.trailer);
  });
});
