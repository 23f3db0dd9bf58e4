import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStand, type Afterwards } from '../faults/stand.ts';
import { etcdUnderTest, sqliteUnderTest, type Contents, type StoreUnderTest } from '../faults/stores.ts';
import { exportTo, folderFor, importFrom, run } from './commands.ts';
import { playStory } from './story.ts';

const undo: (() => Promise<void> | void)[] = [];
const atEnd: Afterwards = (step) => void undo.push(step);

let source: StoreUnderTest;
let target: StoreUnderTest;
let folder: string;
let good: string;

beforeAll(async () => {
  source = sqliteUnderTest();
  target = await etcdUnderTest();
  folder = folderFor(atEnd);
  good = join(folder, 'good');
  await playStory(atEnd, source);
  await exportTo(good, source.url);
});

afterAll(async () => {
  for (const step of undo.reverse()) await step();
  await Promise.all([source.dispose(), target.dispose()]);
});

/** Runs an import that must be refused, and returns what it says. */
async function refusal(path: string, url: string, ...flags: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['import', '--store', url, '--file', path, ...flags]);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual(
    stderr
      .trimEnd()
      .split('\n')
      .map(() => expect.stringMatching(/^state-manager: \S/) as string),
  );
  return stderr;
}

function damaged(change: (lines: string[]) => readonly string[]): string {
  const path = join(folder, 'damaged');
  writeFileSync(path, change(readFileSync(good, 'utf8').split(/(?<=\n)/)).join(''));
  return path;
}

describe('an import of', () => {
  it.each<[string, (lines: string[]) => readonly string[], RegExp]>([
    [
      'a file that was cut off',
      (lines) => lines.slice(0, 9),
      /it ends with line 9, before the line .*: it was cut off/,
    ],
    ['a damaged file', (lines) => lines.with(3, lines[3]?.replace('e', 'E') ?? ''), /its checksum is not that of its/],
    [
      'a later version',
      (lines) => lines.with(0, lines[0]?.replace(':1,', ':2,') ?? ''),
      /line 1 says format version 2/,
    ],
  ])('%s writes nothing', async (_, change, said) => {
    const path = damaged(change);
    const before = await target.read();
    const stderr = await refusal(path, target.url, '--replace');
    expect(stderr).toMatch(said);
    expect(stderr).toContain(`state-manager: ${path}: `);
    expect(stderr).toMatch(/nothing was imported\n$/);
    expect(await target.read()).toEqual(before);
  });

  it('a file that is not there, or a folder, is one sentence', async () => {
    expect(await refusal(join(folder, 'nowhere'), target.url)).toMatch(/nowhere cannot be read: ENOENT.*\n$/);
    expect(await refusal(folder, target.url)).toMatch(/cannot be read: EISDIR.*\n$/);
  });
});

describe('an import into', () => {
  const expectUntouched = async (store: StoreUnderTest, before: Contents): Promise<void> =>
    expect(await store.read()).toEqual(before);

  it('a store that holds anything else leaves it alone', async ({ onTestFinished }) => {
    for (const store of [await etcdUnderTest(), sqliteUnderTest()]) {
      onTestFinished(() => store.dispose());
      await store.put('/package/fine/state', 'Idle');
      await store.put('Package/other', 'kind: Package');
      const before = await store.read();
      const said = await refusal(good, store.url);
      expect(said).toContain('is not empty, and what it holds is not of this file; nothing was changed');
      expect(said).toContain('it holds 1 key that the file does not have: Package/other');
      expect(said).toContain('it holds 1 key with another value than the file: /package/fine/state');
      expect(said).toContain('--replace');
      await expectUntouched(store, before);
    }
  });

  it('a store that a service leads leaves both alone', async ({ onTestFinished }) => {
    const store = await etcdUnderTest();
    onTestFinished(() => store.dispose());
    const { service, peer } = await startStand(onTestFinished, store.url);
    const before = await store.read();
    for (const flags of [[], ['--replace']]) {
      const said = await refusal(good, store.url, ...flags);
      expect(said).toContain(`is led by under-test (${service.address}): stop it first`);
    }
    await expectUntouched(store, before);
    expect((await peer.report('n1', [])).resp).toContain('n1');
    expect(await service.stop()).toBe(0);
    await importFrom(good, store.url, '--replace');
  });

  it('a file that a service has open is refused, and so is its export', async ({ onTestFinished }) => {
    const store = sqliteUnderTest();
    onTestFinished(() => store.dispose());
    await startStand(onTestFinished, store.url);
    expect(await refusal(good, store.url)).toContain('state.db is in use by another process');
    const { code, stderr } = await run(['export', '--store', store.url, '--file', join(folder, 'never')]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('in use by another process') as string,
    });
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  it('an etcd that is not there is one sentence', async () => {
    expect(await refusal(good, 'etcd:127.0.0.1:1')).toContain('127.0.0.1:1');
  });
});

describe('an export', () => {
  it('of a file that is not there does not make one', async () => {
    const path = join(folder, 'no-store.db');
    const { code, stderr } = await run(['export', '--store', `sqlite:${path}`]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `state-manager: there is no store at ${path}\n` });
    expect(existsSync(path)).toBe(false);
  });

  it('that cannot be written leaves nothing behind', async () => {
    const inside = join(folder, 'a-folder');
    mkdirSync(inside);
    for (const path of [inside, join(folder, 'nowhere', 'file')]) {
      const { code, stderr } = await run(['export', '--store', source.url, '--file', path]);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(path) as string });
      expect(stderr).not.toContain('    at ');
    }
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('a bad command line', () => {
  it('ends with 2 and every problem', async () => {
    const { code, stdout, stderr } = await run(['import', '--nonsense', '--store', 'redis:x']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const problems = [/--nonsense is no option of import/, /--store must be sqlite:/, /--file is needed/];
    expect(stderr.trimEnd().split('\n')).toHaveLength(problems.length);
    for (const problem of problems) expect(stderr).toMatch(problem);
  });

  it('is helped by --help', async () => {
    const { stdout } = await run(['--help']);
    for (const verb of ['export', 'import']) {
      expect(stdout).toMatch(new RegExp(`^ +state-manager ${verb} `, 'm'));
      const { code, stdout: help } = await run([verb, '--help']);
      expect(code).toBe(0);
      expect(help).toContain(`Usage: state-manager ${verb}`);
    }
  });
});
