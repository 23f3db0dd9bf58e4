import { FENCE_KEY, StoreError } from '@statemanager/state-store';
import type { StoreErrorReason, WatchBatch, WatchEvent } from '@statemanager/state-store';
import type { IEvent, IWatchResponse } from 'etcd3';
import { createBackoff } from './backoff.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import type { Keys } from './keys.ts';
import { toRevision } from './revision.ts';

/** Where a watch is, kept across its connections. */
interface Position {
  /** Every change up to here was delivered. */
  seen: number;
  clusterId?: string;
}

/** Every change under a prefix after a revision, over as many connections as it takes, until `signal` aborts. */
export async function* watchPrefix(
  connection: EtcdConnection,
  prefix: string,
  afterRevision: number,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch> {
  const position: Position = { seen: afterRevision };
  const backoff = createBackoff();
  while (!signal.aborted) {
    try {
      for await (const batch of watchOnce(connection, prefix, position, signal)) {
        backoff.reset();
        yield batch;
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!StoreError.is(error, 'unavailable')) throw error;
    }
    await backoff.wait(signal).catch(() => undefined);
  }
}

/** The store's revision now, however long it takes to learn it. */
export async function currentRevision(connection: EtcdConnection, signal: AbortSignal): Promise<number> {
  const backoff = createBackoff();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await readRevision(connection);
    } catch (error) {
      if (!StoreError.is(error, 'unavailable')) throw error;
      await backoff.wait(signal);
    }
  }
}

async function readRevision(connection: EtcdConnection): Promise<number> {
  // Any key will do; this is one that the store's user may surely read.
  const { header } = await connection.call('range', { key: connection.keys.bytesOf(FENCE_KEY), keys_only: true });
  return toRevision(header.revision);
}

/** One connection's part of a watch. Moves `position`, and throws a StoreError when the connection ends. */
async function* watchOnce(
  connection: EtcdConnection,
  prefix: string,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch> {
  const { stream, address } = await connection.stream('watch');
  const cancel = () => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  // A server that takes the request and says nothing would hold the watch up for ever.
  const silent = setTimeout(() => {
    connection.avoid(address);
    stream.cancel();
  }, connection.callTimeoutMs);
  try {
    // It begins at the last revision seen, not after it: etcd accepts a watch that begins right at the compacted
    // revision, although the deletes of that revision are gone.
    const start = Math.max(1, position.seen);
    stream.write({
      create_request: {
        ...connection.keys.rangeOf(prefix),
        start_revision: start,
        progress_notify: true,
        fragment: true,
      },
    });
    let fragments: IEvent[] = [];
    for await (const response of stream) {
      assertNotCanceled(response, position);
      if (response.created) {
        clearTimeout(silent);
        await assertSameHistory(connection, response, position);
        continue;
      }
      fragments = fragments.concat(response.events);
      if (response.fragment) continue;
      yield* batchesOf(fragments, position, connection.keys);
      if (fragments.length === 0) position.seen = Math.max(position.seen, toRevision(response.header.revision));
      fragments = [];
    }
    throw new StoreError('unavailable', `etcd at ${address} ended a watch`);
  } catch (error) {
    throw connection.streamFailure(error, address);
  } finally {
    clearTimeout(silent);
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

/** Groups events by revision, in order, and leaves out what was seen. */
function* batchesOf(events: readonly IEvent[], position: Position, keys: Keys): Generator<WatchBatch> {
  let batch: { revision: number; events: WatchEvent[] } | undefined;
  for (const event of events) {
    const revision = toRevision(event.kv.mod_revision);
    if (revision <= position.seen) continue;
    if (batch !== undefined && batch.revision !== revision) {
      position.seen = batch.revision;
      yield batch;
      batch = undefined;
    }
    batch ??= { revision, events: [] };
    batch.events.push(watchEventOf(event, keys));
  }
  if (batch === undefined) return;
  position.seen = batch.revision;
  yield batch;
}

function watchEventOf(event: IEvent, keys: Keys): WatchEvent {
  const key = keys.textOf(event.kv.key);
  return event.type === 'Delete' ? { type: 'delete', key } : { type: 'put', key, value: event.kv.value.toString() };
}

function assertNotCanceled(response: IWatchResponse, position: Position): void {
  if (!response.canceled) return;
  if (response.compact_revision !== '0') {
    throw compacted(`the changes after ${position.seen} are gone: etcd was compacted to ${response.compact_revision}`);
  }
  const why = response.cancel_reason || 'without a reason';
  const reason = reasonOf(why);
  throw new StoreError('unavailable', `etcd canceled a watch: ${why}`, reason === undefined ? {} : { reason });
}

/** A canceled watch has no status of gRPC, only its text. */
function reasonOf(cancelReason: string): StoreErrorReason | undefined {
  if (cancelReason.includes('permission denied')) return 'permission_denied';
  return /auth token|auth store|user name is empty/.test(cancelReason) ? 'unauthenticated' : undefined;
}

/** A store that was replaced, or restored from a backup, has another past: going on would be a silent gap. */
async function assertSameHistory(
  connection: EtcdConnection,
  response: IWatchResponse,
  position: Position,
): Promise<void> {
  const { cluster_id: clusterId, revision } = response.header;
  if (position.clusterId !== undefined && position.clusterId !== clusterId) {
    throw compacted('this is another etcd cluster than before');
  }
  position.clusterId = clusterId;
  // A member that lags behind may say less than was seen; the cluster never does.
  if (toRevision(revision) < position.seen && (await readRevision(connection)) < position.seen) {
    throw compacted(
      `etcd is at revision ${revision}, before the ${position.seen} that were seen: it was restored or replaced`,
    );
  }
}

function compacted(message: string): StoreError {
  return new StoreError('compacted', message);
}
