import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import type { LogLine } from '../kit/state-manager.ts';
import { textOf } from '../kit/transfer.ts';
import { readEtcd } from '../faults/etcd-gateway.ts';
import { startListening, type Afterwards } from '../faults/stand.ts';
import { etcdUnderTest, sqliteUnderTest, type Contents, type StoreUnderTest } from '../faults/stores.ts';
import { exportTo, folderFor, importFrom, run, start, type Command } from './commands.ts';
import { playStory } from './story.ts';

const MARK = '/statemanager/import';

/** Each of these is a transaction, so that an import takes a while. */
const LARGE_COUNT = 40;
const LARGE = 'x'.repeat(600_000);

/** A killed import leads until its lease ends, and a service waits for that. */
const SHORT_LEASE = ['--lease-ttl-seconds', '1'];

/** A store, and how to know that an import has begun to write to it. */
interface Target {
  readonly store: StoreUnderTest;
  readonly begun: () => Promise<void>;
}

const TARGETS: Readonly<Record<'sqlite' | 'etcd', () => Promise<Target>>> = {
  sqlite: () => {
    const store = sqliteUnderTest();
    // Nobody else can read it meanwhile; the log beside it grows.
    const log = `${store.url.replace('sqlite:', '')}-wal`;
    const begun = (): Promise<void> => eventually(() => expect(statSync(log).size).toBeGreaterThan(2e6), 10_000, 1);
    return Promise.resolve({ store, begun });
  },
  etcd: async () => {
    const store = await etcdUnderTest();
    const read = async (): Promise<Contents> => (await readEtcd(store.etcd.endpoint, MARK)).contents;
    return { store, begun: () => eventually(async () => expect((await read()).size).toBe(1), 10_000, 1) };
  },
};

/** A file with the story of a service, and so much more that it takes a while to import it. */
async function largeFile(afterwards: Afterwards): Promise<string> {
  const source = sqliteUnderTest();
  afterwards(() => source.dispose());
  await playStory(afterwards, source);
  const file = join(folderFor(afterwards), 'file');
  const entries = (await exportTo(file, source.url)).slice(1, -1).map((line) => JSON.parse(line) as never);
  const more = Array.from({ length: LARGE_COUNT }, (_, i) => ({ key: `Model/alive-${100 + i}`, value: LARGE }));
  writeFileSync(file, textOf([...entries, ...more].sort((a: { key: string }, b) => (a.key < b.key ? -1 : 1))));
  return file;
}

/** Begins an import, and ends it by a signal in the middle. */
async function interrupt(file: string, target: Target, signal: NodeJS.Signals): ReturnType<typeof run> {
  const command: Command = start(['import', '--store', target.store.url, '--file', file, ...SHORT_LEASE]);
  await target.begun();
  command.process.kill(signal);
  return command.ended;
}

describe.each(Object.entries(TARGETS))('an import that is ended in the middle, on %s', (name, open) => {
  it('by kill -9: goes on when it is run again, and until then nobody decides on half of it', async ({
    onTestFinished,
  }) => {
    const file = await largeFile(onTestFinished);
    const target = await open();
    const { store } = target;
    onTestFinished(() => store.dispose());
    expect((await interrupt(file, target, 'SIGKILL')).code).toBeNull();
    const half = await store.read();
    expect(half.has(MARK)).toBe(true);
    expect([...half.keys()].some((key) => key.startsWith('/statemanager/record/'))).toBe(false);

    const { service, kill } = await startListening(onTestFinished, store.url);
    const isRefusal = ({ err }: LogLine): boolean => JSON.stringify(err ?? '').includes('has not ended');
    await service.waitForLog((line) => line.msg === 'not leading; trying again' && isRefusal(line));
    const kept = (contents: Contents): [string, string][] =>
      [...contents].filter(([key]) => !/\/(leader|commit)$/.test(key)).map(([key, { value }]) => [key, value]);
    // On etcd, the service may stay: it leads as soon as the import has ended.
    if (name === 'sqlite') await kill();
    expect(kept(await store.read())).toEqual(kept(half));
    expect(await run(['export', '--store', store.url])).toMatchObject({ code: 1, stdout: '' });

    expect(await importFrom(file, store.url)).toMatch(/keys of the file are there already/);
    if (name === 'etcd') {
      await service.waitForLog((line) => line.msg === 'leading: view loaded');
      expect(service.logs.filter(({ msg }) => msg === 'transition')).toEqual([]);
      expect(await service.stop()).toBe(0);
    }
    const again = `${file}-again`;
    await exportTo(again, store.url);
    expect((await store.read()).has(MARK)).toBe(false);
    expect(await importFrom(again, store.url)).toContain('0 keys written');
    expect(await importFrom(file, store.url)).toContain('0 keys written');
  });

  it('by SIGTERM: says so, gives up the leadership, and goes on when it is run again', async ({ onTestFinished }) => {
    const file = await largeFile(onTestFinished);
    const target = await open();
    const { store } = target;
    onTestFinished(() => store.dispose());
    const { code, stderr } = await interrupt(file, target, 'SIGTERM');
    expect(code).toBe(1);
    expect(stderr).toMatch(/stopped by SIGTERM\n.*about \d+ of \d+ keys were written, and stay; run the same command/);
    const half = await store.read();
    expect([half.has(MARK), half.has('/statemanager/leader')]).toEqual([true, false]);
    await importFrom(file, store.url);
    expect((await store.read()).has(MARK)).toBe(false);
  });
});
