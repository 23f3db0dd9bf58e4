import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageYaml } from '../faults/documents.ts';
import { brokenRules } from '../faults/naive-rules.ts';
import { crashed, running, startStand } from '../faults/stand.ts';
import { etcdUnderTest, sqliteUnderTest, under } from '../faults/stores.ts';
import { comparable, exportTo, folderFor, importFrom, run } from './commands.ts';
import { playStory } from './story.ts';

describe('a store that is moved', () => {
  it('from SQLite to etcd and back is the same, and so are its files', async ({ onTestFinished }) => {
    const [first, second, last] = [sqliteUnderTest(), await etcdUnderTest(), sqliteUnderTest()];
    for (const store of [first, second, last]) onTestFinished(() => store.dispose());
    const folder = folderFor(onTestFinished);
    await playStory(onTestFinished, first);
    await second.put('nodes/of/others', 'stays');

    const files: (readonly string[])[] = [];
    for (const [from, to] of [
      [first, second],
      [second, last],
    ] as const) {
      files.push(await exportTo(join(folder, 'file'), from.url));
      await importFrom(join(folder, 'file'), to.url);
    }
    files.push(await exportTo(join(folder, 'file'), last.url));

    const [original, moved, back] = [await first.read(), await second.read(), await last.read()];
    expect(comparable(moved)).toEqual({ ...comparable(original), 'nodes/of/others': 'stays' });
    expect(comparable(back)).toEqual(comparable(original));
    for (const file of files) expect(file.slice(1)).toEqual(files[0]?.slice(1));
    expect(JSON.parse(files[1]?.[0] ?? '')).toMatchObject({ version: 1, store: second.url });
    const counts = { definitions: 7, states: 13, records: 15, nodes: 4, intents: 1 };
    expect(JSON.parse(files[0]?.at(-1) ?? '')).toMatchObject({ entries: (files[0]?.length ?? 0) - 2, counts });
  });

  it('goes through a pipe, and says nothing on it but the file', async ({ onTestFinished }) => {
    const [from, to] = [sqliteUnderTest(), sqliteUnderTest()];
    for (const store of [from, to]) onTestFinished(() => store.dispose());
    await from.put('Package/p', packageYaml('p', ['m']));
    const { code, stdout, stderr } = await run(['export', '--store', from.url]);
    expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 3 });
    expect(stderr).toContain('1 key of sqlite:');
    expect(stderr).toContain('to standard output: 1 definition;');
    const imported = await run(['import', '--store', to.url, '--file', '-'], stdout);
    expect(imported.code, imported.stderr).toBe(0);
    expect(comparable(await to.read())).toEqual(comparable(await from.read()));
    const again = await run(['import', '--store', to.url, '--file', '-'], stdout);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('0 keys written, 0 keys deleted, 1 key there before');
  });

  it('with --replace takes the place of what was there', async ({ onTestFinished }) => {
    const [from, to] = [sqliteUnderTest(), await etcdUnderTest()];
    for (const store of [from, to]) onTestFinished(() => store.dispose());
    const file = join(folderFor(onTestFinished), 'file');
    await playStory(onTestFinished, from);
    await exportTo(file, from.url);
    await to.put('Package/other', packageYaml('other', ['alive']));
    const { peer, kill, service } = await startStand(onTestFinished, to.url);
    await peer.report('n1', running('alive', 'dead-a'));
    expect(await service.stop()).toBe(0);
    await kill();
    expect(await importFrom(file, to.url, '--replace')).toMatch(/, [1-9]\d* keys deleted, /);
    expect(comparable(await to.read())).toEqual(comparable(await from.read()));
  });
});

it('an export of etcd while a service writes is of one revision, and whole', async ({ onTestFinished }) => {
  const store = await etcdUnderTest();
  onTestFinished(() => store.dispose());
  const folder = folderFor(onTestFinished);
  const models = Array.from({ length: 20 }, (_, i) => `m-${i}`);
  await store.put('Package/p', packageYaml('p', models));
  const { peer } = await startStand(onTestFinished, store.url);
  const over = new AbortController();
  const reporting = (async () => {
    for (let i = 0; !over.signal.aborted; i += 1) {
      await peer.report('n1', [...crashed(...models.slice(i % 20)), ...running(...models.slice(0, i % 20))]);
    }
  })();
  const revisions = new Set<number>();
  for (let i = 0; i < 3; i += 1) {
    const file = join(folder, `file-${i}`);
    if (i === 0) writeFileSync(file, 'an older one');
    const lines = await exportTo(file, store.url);
    const entries = lines.slice(1, -1).map((line) => JSON.parse(line) as { key: string; value: string });
    const contents = new Map(entries.map(({ key, value }) => [key, { value, revision: 0 }]));
    expect(brokenRules(contents)).toEqual([]);
    expect(under(contents, '/model/')).toHaveLength(20);
    revisions.add((JSON.parse(lines[0] ?? '') as { revision: number }).revision);
  }
  over.abort();
  await reporting;
  expect(revisions.size, 'it was written meanwhile').toBe(3);
});
