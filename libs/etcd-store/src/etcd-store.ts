import { StoreError, assertCommit, assertKey, assertRevision, assertValue } from '@statemanager/state-store';
import type {
  Candidate,
  Commit,
  CommitResult,
  Entry,
  KeyValueStore,
  LeadOptions,
  Leadership,
  Snapshot,
  StoreStatus,
  WatchBatch,
  WatchOptions,
} from '@statemanager/state-store';
import type { ITxnRequest } from 'etcd3';
import { assertCredentials } from './credentials.ts';
import type { EtcdCredentials } from './credentials.ts';
import { EtcdConnection } from './etcd-connection.ts';
import { lead } from './lead.ts';
import type { EtcdLeadership } from './leadership.ts';
import { toRevision } from './revision.ts';
import { entryOf, readSnapshot } from './snapshot.ts';
import { readStatus } from './status.ts';
import { transactionOf } from './transaction.ts';
import { currentRevision, watchPrefix } from './watch.ts';

/** etcd looks at every key to forget what is old, a thousand at a time between other work: that takes minutes. */
const COMPACT_MS = 300_000;

/** How to reach etcd, and how patient to be. */
export interface EtcdStoreOptions extends EtcdCredentials {
  /** The servers of one cluster, each `host:port`. A scheme in front is left out: whether it is TLS is said by `tls`. */
  readonly hosts: readonly string[];
  /**
   * A prefix before every key in etcd, which nobody sees through the store: several stores can share one etcd. It must
   * not be the beginning of another one's. Default: none.
   */
  readonly namespace?: string | undefined;
  /** Every call ends within this time, but that of `compact`, which takes minutes. Default 5000. */
  readonly callTimeoutMs?: number;
  /** How long a leader that falls silent keeps others waiting; etcd raises it to its own least. Default 5. */
  readonly leaseTtlSeconds?: number;
}

/**
 * Opens a store on etcd 3.4 or newer. It connects with its first call, and again by itself whenever it must. Throws
 * `invalid_argument` if an option is none.
 */
export function openEtcdStore(options: EtcdStoreOptions): KeyValueStore {
  return new EtcdStore(options);
}

class EtcdStore implements KeyValueStore {
  readonly #connection: EtcdConnection;
  readonly #leaseTtlSeconds: number;
  readonly #leaderships = new Set<EtcdLeadership>();
  /** Commits as they go over the wire. */
  readonly #prepared = new WeakMap<Commit, Buffer>();

  constructor({ callTimeoutMs = 5000, leaseTtlSeconds = 5, namespace = '', ...options }: EtcdStoreOptions) {
    const hosts = options.hosts.map((host) => host.replace(/^https?:\/\//, ''));
    if (hosts.length === 0) throw new StoreError('invalid_argument', 'an etcd store needs at least one host');
    if (hosts.some((host) => host.includes('@'))) {
      throw new StoreError(
        'invalid_argument',
        'a host of etcd is host:port; user and password are given by themselves',
      );
    }
    assertCredentials(options);
    this.#connection = new EtcdConnection({ ...options, hosts, callTimeoutMs, namespace });
    this.#leaseTtlSeconds = leaseTtlSeconds;
  }

  get name(): string {
    return this.#connection.name;
  }

  async put(key: string, value: string): Promise<number> {
    assertKey(key);
    assertValue(key, value);
    const outcome = await this.#connection.tryCall('put', {
      key: this.#connection.keys.bytesOf(key),
      value: Buffer.from(value),
    });
    if ('failure' in outcome) throw outcome.failure.error;
    return toRevision(outcome.response.header.revision);
  }

  async get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    const { kvs } = await this.#connection.call('range', { key: this.#connection.keys.bytesOf(key) });
    return kvs[0] === undefined ? undefined : entryOf(kvs[0], this.#connection.keys);
  }

  async getAllWithPrefix(prefix: string): Promise<Snapshot> {
    return await readSnapshot(this.#connection, prefix);
  }

  async delete(key: string): Promise<boolean> {
    assertKey(key);
    const outcome = await this.#connection.tryCall('deleteRange', { key: this.#connection.keys.bytesOf(key) });
    if ('failure' in outcome) throw outcome.failure.error;
    return outcome.response.deleted !== '0';
  }

  async prepare(commit: Commit): Promise<void> {
    this.#prepared.set(commit, await this.#connection.encode(this.#transactionOf(commit)));
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const outcome = await this.#connection.tryCall('txn', this.#prepared.get(commit) ?? this.#transactionOf(commit));
    if ('response' in outcome) {
      const { succeeded, header } = outcome.response;
      return succeeded ? { outcome: 'committed', revision: toRevision(header.revision) } : { outcome: 'conflict' };
    }
    const { error, maybeApplied } = outcome.failure;
    if (!maybeApplied) throw error;
    return { outcome: 'unknown', cause: error };
  }

  watch(prefix: string, options: WatchOptions = {}): AsyncIterable<WatchBatch> {
    this.#connection.assertOpen();
    const { afterRevision, signal } = options;
    if (afterRevision !== undefined) assertRevision(afterRevision);
    const ended = this.#endOf(signal);
    const begin =
      afterRevision === undefined ? currentRevision(this.#connection, ended) : Promise.resolve(afterRevision);
    // Whoever iterates hears of it; nobody has to.
    begin.catch(() => undefined);
    return this.#follow(prefix, begin, ended);
  }

  async lead(candidate: Candidate, options: LeadOptions = {}): Promise<Leadership> {
    this.#connection.assertOpen();
    const ended = this.#endOf(options.signal);
    ended.throwIfAborted();
    const leading = lead(this.#connection, candidate, this.#leaseTtlSeconds, ended);
    const leadershipOrAbort = unlessAborted(leading, ended);
    // Whoever gave up while the last call was under way must not lead without knowing.
    leading.then(
      (late) => (ended.aborted ? late.resign() : undefined),
      () => undefined,
    );
    const leadership = await leadershipOrAbort;
    this.#leaderships.add(leadership);
    leadership.lost.addEventListener('abort', () => this.#leaderships.delete(leadership), { once: true });
    return leadership;
  }

  async compact(revision: number): Promise<void> {
    assertRevision(revision);
    this.#connection.assertOpen();
    if (revision < 2) return;
    // etcd forgets the deletes of the very revision it compacts to; the port keeps that revision whole.
    const request = { revision: revision - 1, physical: true };
    const outcome = await this.#connection.tryCall('compact', request, { repeat: 'always', timeoutMs: COMPACT_MS });
    if (!('failure' in outcome)) return;
    const { error } = outcome.failure;
    if (error.code !== 'compacted') throw error;
  }

  async status(): Promise<StoreStatus> {
    return await readStatus(this.#connection);
  }

  async close(): Promise<void> {
    if (this.#connection.closed.aborted) return;
    await Promise.all([...this.#leaderships].map((leadership) => leadership.resign()));
    this.#connection.close();
  }

  #transactionOf(commit: Commit): ITxnRequest {
    assertCommit(commit);
    return transactionOf(commit, this.#connection.keys);
  }

  async *#follow(prefix: string, begin: Promise<number>, ended: AbortSignal): AsyncGenerator<WatchBatch> {
    try {
      if (!ended.aborted) yield* watchPrefix(this.#connection, prefix, await begin, ended);
    } catch (error) {
      if (!ended.aborted) throw error;
    }
    this.#connection.assertOpen();
  }

  #endOf(signal: AbortSignal | undefined): AbortSignal {
    const { closed } = this.#connection;
    return signal === undefined ? closed : AbortSignal.any([closed, signal]);
  }
}

/** Throws the signal's reason as soon as it aborts, whatever the promise does then. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
