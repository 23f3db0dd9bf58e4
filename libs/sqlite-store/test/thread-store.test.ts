import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { StoreError, type KeyValueStore, type Operation } from '@statemanager/state-store';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openSqliteStore } from '../src/index.ts';
import type { ThreadLink } from '../src/thread-link.ts';
import { ThreadStore } from '../src/thread-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'sqlite-thread-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Opens a store and gets hold of its thread. */
async function openWithThread(file: string): Promise<{ store: KeyValueStore; thread: Worker }> {
  const created = once(process, 'worker') as Promise<[Worker]>;
  const store = await openSqliteStore(join(directory, file));
  return { store, thread: (await created)[0] };
}

function put(key: string, value: string): Operation {
  return { type: 'put', key, value };
}

describe("the store's thread", () => {
  it('says what SQLite said, as the cause of its errors', async () => {
    const file = join(directory, 'letter.db');
    writeFileSync(file, 'this is a letter to my grandmother\n'.repeat(100));
    const error: unknown = await openSqliteStore(file).catch((refusal: unknown) => refusal);
    expect(StoreError.is(error, 'corrupt')).toBe(true);
    expect((error as StoreError).cause).toMatchObject({ code: 'ERR_SQLITE_ERROR', errcode: 26 });
  });

  it('does what it is asked in that order, and all of it before it closes', async () => {
    const { store, thread } = await openWithThread('order.db');
    const gone = once(thread, 'exit');
    const puts = Array.from({ length: 200 }, (_, i) => store.put('/k', `${i}`));
    const reads = [store.get('/k'), store.delete('/k'), store.get('/k')];
    const last = store.commit({ guards: [{ key: '/k', value: null }], operations: [put('/k', 'last')] });
    const snapshot = store.getAllWithPrefix('/');
    const closing = store.close();
    await expect(store.get('/k')).rejects.toMatchObject({ name: 'StoreError', code: 'closed' });
    expect(() => store.watch('/')).toThrow(StoreError);
    const first = (await puts[0]) as number;
    expect(await Promise.all(puts)).toEqual(Array.from({ length: 200 }, (_, i) => first + i));
    expect(await Promise.all(reads)).toMatchObject([{ value: '199' }, true, undefined]);
    expect(await last).toEqual({ outcome: 'committed', revision: first + 201 });
    expect(await snapshot).toMatchObject({ revision: first + 201, entries: [{ key: '/k', value: 'last' }] });
    await closing;
    await store.close();
    await gone;
  });

  it('does not keep this one waiting while it writes', async () => {
    const { store } = await openWithThread('large.db');
    const operations = Array.from({ length: 4096 }, (_, i) => put(`/${i}`, 'v'.repeat(5000)));
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    await store.commit({ guards: [], operations });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
    await store.close();
  });

  it('ends everything that is open when it dies, and another one goes on', async () => {
    const { store, thread } = await openWithThread('dies.db');
    const leadership = await store.lead({ id: 'one', address: 'one:1' });
    const waiting = store.lead({ id: 'two', address: 'two:2' });
    const watching = store.watch('/none/')[Symbol.asyncIterator]().next();
    const ended = [watching, waiting].map((open) =>
      expect(open).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' }),
    );
    await store.put('/k', 'v');
    void thread.terminate();
    const committing = store.commit({ guards: [], operations: [put('/k', 'w')] });
    await Promise.all(ended);
    expect(leadership.isCurrent()).toBe(false);
    expect(leadership.lost.reason).toMatchObject({ name: 'StoreError', code: 'deposed' });
    expect(await committing).toMatchObject({ outcome: 'unknown', cause: { code: 'unavailable' } });

    expect((await store.get('/k'))?.value).toMatch(/[vw]/);
    await leadership.resign();
    const next = await store.lead({ id: 'two', address: 'two:2' });
    expect(next.isCurrent()).toBe(true);
    const watch = store.watch('/k')[Symbol.asyncIterator]();
    const [change] = await Promise.all([watch.next(), store.put('/k', 'x')]);
    expect(change.value).toMatchObject({ events: [{ type: 'put', key: '/k', value: 'x' }] });
    expect(await store.status()).toMatchObject({ state: 'ok' });
    await watch.return?.();
    await store.close();
    expect(next.isCurrent()).toBe(false);
    await expect(store.get('/k')).rejects.toMatchObject({ code: 'closed' });
  });

  it('says why no other can go on, to everybody, and goes on as soon as one can', async () => {
    const { store, thread } = await openWithThread('locked.db');
    await store.put('/k', 'v');
    await thread.terminate();
    const rival = await openSqliteStore(join(directory, 'locked.db'));
    for (const refusal of await Promise.allSettled([store.get('/k'), store.put('/k', 'w')])) {
      expect(refusal).toMatchObject({ reason: { code: 'unavailable', cause: { code: 'locked' } } });
    }
    expect(await store.status()).toMatchObject({ state: 'unavailable' });
    await rival.close();
    expect((await store.get('/k'))?.value).toBe('v');
    await store.close();
  });

  it('is unavailable to whoever looks at it while it does not answer', async () => {
    vi.useFakeTimers();
    try {
      const link = { ask: () => new Promise(() => undefined) } as unknown as ThreadLink;
      const looking = new ThreadStore('sqlite:/hangs.db', link, () => link).status();
      await vi.advanceTimersByTimeAsync(5000);
      expect(await looking).toMatchObject({ state: 'unavailable', reason: 'timeout' });
      expect((await looking).detail).toContain('/hangs.db');
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps no process alive that has forgotten to close its store', async () => {
    const source = `
      import { openSqliteStore } from '@statemanager/sqlite-store';
      const store = await openSqliteStore(${JSON.stringify(join(directory, 'forgotten.db'))});
      process.stdout.write(String(await store.put('/k', 'v')));`;
    const args = ['--input-type=module', '--conditions=@statemanager/source', '-e', source];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
    expect(stdout).toBe('2');
  });
});
