import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcd, type TestEtcd } from '@statemanager/etcd-store/testing';
import { openSqliteStore } from '@statemanager/sqlite-store';
import { emptyEtcd, putEtcd, readEtcd } from './etcd-gateway.ts';

export interface StoredValue {
  readonly value: string;
  /** Of its last change. */
  readonly revision: number;
}

/** Everything in a store, by key. */
export type Contents = ReadonlyMap<string, StoredValue>;

/** A store as a test sees it from outside. SQLite's file can be opened only while the service is down. */
export interface StoreUnderTest {
  /** For `--store`. */
  readonly url: string;
  readonly read: () => Promise<Contents>;
  readonly put: (key: string, value: string) => Promise<void>;
  readonly empty: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export interface EtcdUnderTest extends StoreUnderTest {
  readonly etcd: TestEtcd;
}

/** A file of its own for the embedded store. */
export function sqliteUnderTest(): StoreUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'state-manager-fault-'));
  const path = join(folder, 'state.db');
  const open = async <T>(use: (store: Awaited<ReturnType<typeof openSqliteStore>>) => Promise<T>): Promise<T> => {
    const store = await openSqliteStore(path);
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };
  const remove = (target: string): Promise<void> => rm(target, { recursive: true, force: true });
  return {
    url: `sqlite:${path}`,
    read: () =>
      open(async (store) => {
        const { entries } = await store.getAllWithPrefix('');
        return new Map(entries.map(({ key, value, revision }) => [key, { value, revision }]));
      }),
    put: (key, value) => open(async (store) => void (await store.put(key, value))),
    empty: async () => void (await Promise.all(['', '-wal', '-shm'].map((suffix) => remove(path + suffix)))),
    dispose: () => remove(folder),
  };
}

/** A real etcd of its own. */
export async function etcdUnderTest(): Promise<EtcdUnderTest> {
  const etcd = await startEtcd();
  return {
    etcd,
    url: `etcd:${etcd.endpoint}`,
    read: async () => (await readEtcd(etcd.endpoint, '')).contents,
    put: (key, value) => putEtcd(etcd.endpoint, key, value),
    empty: () => emptyEtcd(etcd.endpoint),
    dispose: () => etcd.stop(),
  };
}

/** The stores that a fault test runs on. */
export const STORES: Readonly<Record<'sqlite' | 'etcd', () => Promise<StoreUnderTest>>> = {
  sqlite: () => Promise.resolve(sqliteUnderTest()),
  etcd: etcdUnderTest,
};

/** A key's value; undefined if it is absent. */
export function valueOf(contents: Contents, key: string): string | undefined {
  return contents.get(key)?.value;
}

/** What follows a prefix in each key that begins with it, and the key's value. */
export function under(contents: Contents, prefix: string): [string, string][] {
  return [...contents]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { value }]) => [key.slice(prefix.length), value]);
}
