import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, createManager, recordLog } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { followWithSeeds, putSeeds, readSeeds } from './seed-definitions.ts';

const model = (name: string): string => `kind: Model\nmetadata:\n  name: ${name}\n`;

describe('seeds', () => {
  let folder: string;
  const recorded = recordLog();

  beforeEach(async () => {
    recorded.lines.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'seeds-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  const keysOf = async (path: string): Promise<string[]> => (await readSeeds(path, recorded.log)).map(({ key }) => key);
  const problems = (): unknown[] => recorded.said('bad definition skipped').map(({ problem }) => problem);

  it('reads one file as it stands', async () => {
    const text = `# a comment\n---\n${model('m')}`;
    expect(await readSeeds(await file('one.yaml', text), recorded.log)).toEqual([{ key: 'Model/m', text }]);
  });

  it('reads a file of several documents, each by itself', async () => {
    const path = await file('many.yaml', `---\n${model('a')}---\n${model('b')}...\n---\n\n---\n${model('c')}---\n`);
    const seeds = await readSeeds(path, recorded.log);
    expect(seeds.map(({ key }) => key)).toEqual(['Model/a', 'Model/b', 'Model/c']);
    expect(problems()).toEqual([]);
    const [again] = await readSeeds(await file('b.yaml', seeds[1]?.text ?? ''), recorded.log);
    expect(again?.key).toBe('Model/b');
  });

  it('reads the YAML files of a folder, by name, and nothing else', async () => {
    await file('b.yml', model('b'));
    await file('a.yaml', model('a'));
    await file('notes.txt', 'not YAML: [');
    await mkdir(join(folder, 'deeper'));
    expect(await keysOf(folder)).toEqual(['Model/a', 'Model/b']);
  });

  it('names a bad document and skips only that one', async () => {
    const path = await file('many.yaml', `${model('a')}---\nkind: Pod\nmetadata: {name: x}\n---\n${model('c')}`);
    expect(await keysOf(path)).toEqual(['Model/a', 'Model/c']);
    expect(recorded.said('bad definition skipped')).toEqual([
      expect.objectContaining({ file: path, problem: 'line 5: kind must be Package, Scenario or Model, not "Pod"' }),
    ]);
  });

  it('skips a document of broken YAML, and reads those around it', async () => {
    const path = await file('many.yaml', `${model('a')}---\nkind: [Model\nmetadata: {\n---\n${model('c')}`);
    expect(await keysOf(path)).toEqual(['Model/a', 'Model/c']);
    expect(problems()).toHaveLength(1);
  });

  it('takes the first of two documents of one name', async () => {
    const path = await file('many.yaml', `${model('a')}---\n${model('a')}`);
    expect(await keysOf(path)).toEqual(['Model/a']);
    expect(problems()).toEqual(['line 5: Model/a was given before']);
  });

  it.each(['', '\n', '# nothing here\n'])('finds nothing in a file that holds nothing: %j', async (text) => {
    expect(await keysOf(await file('empty.yaml', text))).toEqual([]);
    expect(problems()).toEqual([]);
  });

  it('throws when the path cannot be read', async () => {
    await expect(readSeeds(join(folder, 'nowhere'), recorded.log)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are put where they differ, and only there', async () => {
    const store = openMemoryStore();
    const seeds = [
      { key: 'Model/a', text: 'new' },
      { key: 'Model/b', text: 'same' },
      { key: 'Model/c', text: 'absent before' },
    ];
    await store.put('Model/a', 'old');
    const revision = await store.put('Model/b', 'same');
    expect(await putSeeds(store, seeds, recorded.log)).toBe(2);
    expect((await store.get('Model/a'))?.value).toBe('new');
    expect((await store.get('Model/b'))?.revision).toBe(revision);
    expect(await putSeeds(store, seeds, recorded.log)).toBe(0);
    await store.close();
  });

  it('are put in the first term only: what was changed since then counts', async () => {
    const store = openMemoryStore();
    const manager = createManager(store, recorded.log);
    manager.follow(followWithSeeds(store, [{ key: 'Model/a', text: 'seed' }], recorded.log));
    manager.start(CANDIDATE);
    await eventually(async () => expect((await store.get('Model/a'))?.value).toBe('seed'));
    await store.put('Model/a', 'changed by ApiServer');
    await eventually(() => expect(recorded.said('leading: view loaded')).toHaveLength(1));
    await store.put('/statemanager/leader', '{"id":"another","address":"a:1"}');
    await eventually(() => expect(recorded.said('leading: view loaded')).toHaveLength(2));
    expect((await store.get('Model/a'))?.value).toBe('changed by ApiServer');
    await manager.stop(1000);
    await store.close();
  });
});
