import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedStore } from '@statemanager/state-store';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../src/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'sqlite-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the SQLite file', () => {
  it('is created with its directories', async () => {
    const store = await openSqliteStore(join(directory, 'deep/er/state.db'));
    await store.put('/k', 'v');
    await store.close();
  });

  it('cannot be opened twice, and can when the first is closed', async () => {
    const file = join(directory, 'twice.db');
    const store = await openSqliteStore(file);
    await expect(openSqliteStore(file)).rejects.toMatchObject({
      name: 'StoreError',
      code: 'locked',
      message: expect.stringContaining(`${file} is in use by another process`) as string,
    });
    await store.put('/k', 'still works');
    await store.close();
    const again = await openSqliteStore(file);
    expect((await again.get('/k'))?.value).toBe('still works');
    await again.close();
  });

  it.each(['text', 'other database', 'damaged', 'newer format', 'directory'])(
    'refuses what is not ours: %s',
    async (what) => {
      const file = join(directory, `${what}.db`);
      if (what === 'text') writeFileSync(file, 'this is a letter to my grandmother\n'.repeat(100));
      if (what === 'directory') mkdirSync(file);
      if (what === 'other database') foreign(file, 'CREATE TABLE theirs (a)');
      if (what === 'newer format') {
        await (await openSqliteStore(file)).close();
        foreign(file, 'PRAGMA user_version = 99');
      }
      if (what === 'damaged') {
        const store = await openSqliteStore(file);
        for (let i = 0; i < 100; i += 1) await store.put(`/k/${i}`, 'x'.repeat(1000));
        await store.close();
        truncateSync(file, 40_000);
      }
      const code = what === 'directory' ? 'unavailable' : 'corrupt';
      await expect(openSqliteStore(file)).rejects.toMatchObject({ name: 'StoreError', code });
    },
  );

  it('takes no more when it was deleted or replaced, and goes on when it is there again', async () => {
    const file = join(directory, 'gone.db');
    const away = join(directory, 'gone-away.db');
    const store = await openSqliteStore(file);
    await store.put('/k', 'before');
    renameSync(file, away);
    for (const replace of [() => undefined, () => writeFileSync(file, 'another')]) {
      replace();
      await expect(store.put('/k', 'lost')).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(`${file} was deleted or replaced`) as string,
      });
      expect(await store.status()).toMatchObject({
        state: 'unavailable',
        detail: expect.stringContaining('deleted or replaced') as string,
      });
    }
    renameSync(away, file);
    await store.put('/k', 'after');
    expect(await store.status()).toMatchObject({ state: 'ok' });
    await store.close();
    const again = await openSqliteStore(file);
    expect((await again.get('/k'))?.value).toBe('after');
    await again.close();
  });

  it("leaves another program's database as it was", async () => {
    const file = join(directory, 'theirs.db');
    foreign(file, 'CREATE TABLE theirs (a); INSERT INTO theirs VALUES (42)');
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'corrupt' });
    const theirs = new DatabaseSync(file, { readOnly: true });
    expect(theirs.prepare('SELECT a FROM theirs').get()).toEqual({ a: 42 });
    expect(theirs.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    theirs.close();
  });

  it('says unavailable when its disk is full, applies nothing, and works on when there is room', async () => {
    const file = join(directory, 'full.db');
    await (await openSqliteStore(file)).close();
    const limited = await openSqliteStore(file);
    await limited.put('/k', 'before');
    await limited.close();

    const { openDatabase } = await import('../src/database.ts');
    const { SqliteLedger } = await import('../src/sqlite-ledger.ts');
    const database = await openDatabase(file);
    const store = new EmbeddedStore('full', new SqliteLedger(database, file));
    const sizeBytes = (await store.status()).sizeBytes ?? 0;
    expect(sizeBytes).toBeGreaterThan(4096);
    const leadership = await store.lead({ id: 'one', address: '127.0.0.1:1' });
    database.exec('PRAGMA max_page_count = 20');
    const before = await store.getAllWithPrefix('');
    const large = { type: 'put', key: '/large', value: 'x'.repeat(1_000_000) } as const;
    const small = { type: 'put', key: '/k', value: 'after' } as const;
    const commit = { guards: [], operations: [small, large] };
    await expect(store.commit(commit)).rejects.toMatchObject({
      ...{ name: 'StoreError', code: 'unavailable', reason: 'no_space', cause: expect.any(Error) as Error },
    });
    expect(await store.getAllWithPrefix('')).toEqual(before);
    expect(await store.status()).toMatchObject({ state: 'no_space', detail: expect.stringContaining(file) as string });
    await leadership.resign();
    expect((await store.status()).state, 'after a delete, which takes no room').toBe('no_space');
    database.exec('PRAGMA max_page_count = 100000');
    expect(await store.commit(commit)).toEqual({ outcome: 'committed', revision: before.revision + 2 });
    const status = await store.status();
    expect(status.state).toBe('ok');
    expect(status.sizeBytes).toBeGreaterThan(sizeBytes + 1_000_000);
    await store.close();
  });

  it('says read_only when its file can no longer be written, and works on when it can', async () => {
    const { openDatabase } = await import('../src/database.ts');
    const { SqliteLedger } = await import('../src/sqlite-ledger.ts');
    const file = join(directory, 'read-only.db');
    const database = await openDatabase(file);
    const store = new EmbeddedStore('read-only', new SqliteLedger(database, file));
    await store.put('/k', 'v');
    database.exec('PRAGMA query_only = ON');
    await expect(store.put('/k', 'w')).rejects.toMatchObject({ code: 'unavailable', reason: 'read_only' });
    expect(await store.status()).toMatchObject({ state: 'read_only', reason: 'read_only' });
    expect((await store.get('/k'))?.value).toBe('v');
    database.exec('PRAGMA query_only = OFF');
    await store.put('/k', 'w');
    expect((await store.status()).state).toBe('ok');
    await store.close();
  });
});

describe('a writer that is killed', () => {
  it('has everything in the file that it acknowledged, and its lock is gone', async () => {
    const file = join(directory, 'killed.db');
    for (const afterLines of [1, 40, 300]) {
      rmSync(file, { force: true });
      rmSync(`${file}-wal`, { force: true });
      const acknowledged = await killAfter(file, afterLines);
      expect(acknowledged).toBeGreaterThanOrEqual(afterLines - 1);
      const store = await openSqliteStore(file);
      const last = Number((await store.get('/last'))?.value);
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      const { entries } = await store.getAllWithPrefix('/number/');
      expect(entries).toHaveLength(last + 1);
      await store.close();
    }
  });

  it('holds the lock while it lives', async () => {
    const file = join(directory, 'held.db');
    const writer = startWriter(file);
    await once(writer.stdout, 'data');
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'locked' });
    writer.kill('SIGKILL');
    await once(writer, 'close');
    await (await openSqliteStore(file)).close();
  });
});

function startWriter(file: string) {
  const script = join(import.meta.dirname, 'writer-process.ts');
  const args = ['--conditions=@statemanager/source', '--disable-warning=ExperimentalWarning', script, file];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Returns the last number that the writer acknowledged before it died. */
async function killAfter(file: string, lines: number): Promise<number> {
  const writer = startWriter(file);
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) writer.kill('SIGKILL');
  });
  const [, signal] = (await once(writer, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  const complete = output.slice(0, output.lastIndexOf('\n'));
  return Number(complete.split('\n').at(-1));
}

function foreign(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}
