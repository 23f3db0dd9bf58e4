import { StoreError } from '@statemanager/state-store';
import type { Entry, Snapshot } from '@statemanager/state-store';
import type { IKeyValue, IRangeResponse } from 'etcd3';
import type { EtcdConnection } from './etcd-connection.ts';
import { keyAfter } from './keys.ts';
import type { Keys } from './keys.ts';
import { toRevision } from './revision.ts';

/** A page is as many keys as are expected to have this size, and at most this number. */
const PAGE_BYTES = 1024 * 1024;
const PAGE_KEYS_MAX = 2000;
const FIRST_PAGE_KEYS = 500;

/** How often a snapshot is begun anew because its revision was compacted while it was read. */
const ATTEMPTS = 5;

/** Reads everything under a prefix, page by page, at the first page's revision. */
export async function readSnapshot(connection: EtcdConnection, prefix: string): Promise<Snapshot> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readPages(connection, prefix);
    } catch (error) {
      if (!StoreError.is(error, 'compacted')) throw error;
      if (attempt === ATTEMPTS) {
        throw new StoreError('unavailable', `${connection.name} compacts faster than '${prefix}' can be read`, {
          cause: error,
        });
      }
    }
  }
}

async function readPages(connection: EtcdConnection, prefix: string): Promise<Snapshot> {
  const range = connection.keys.rangeOf(prefix);
  const entries: Entry[] = [];
  let revision = 0;
  let limit = FIRST_PAGE_KEYS;
  for (;;) {
    const page = await readPage(connection, { ...range, limit, revision });
    if (page === 'too_large') {
      limit = Math.max(1, Math.floor(limit / 8));
      continue;
    }
    revision ||= toRevision(page.header.revision);
    for (const kv of page.kvs) entries.push(entryOf(kv, connection.keys));
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return { revision, entries };
    range.key = keyAfter(last.key);
    limit = nextLimit(page.kvs);
  }
}

async function readPage(
  connection: EtcdConnection,
  request: { key: Buffer; range_end: Buffer; limit: number; revision: number },
): Promise<IRangeResponse | 'too_large'> {
  try {
    return await connection.call('range', request);
  } catch (error) {
    if (StoreError.is(error, 'too_large') && request.limit > 1) return 'too_large';
    throw error;
  }
}

function nextLimit(kvs: readonly IKeyValue[]): number {
  const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length, 0);
  const expected = Math.floor((PAGE_BYTES * kvs.length) / Math.max(1, bytes));
  return Math.min(PAGE_KEYS_MAX, Math.max(1, expected));
}

/** An entry, of what etcd says. */
export function entryOf(kv: IKeyValue, keys: Keys): Entry {
  return { key: keys.textOf(kv.key), value: kv.value.toString(), revision: toRevision(kv.mod_revision) };
}
