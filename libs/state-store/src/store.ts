import type { StoreStatus } from './store-status.ts';

/**
 * The port that every store implements (etcd, SQLite, memory), and that the engine is written against.
 *
 * Keys and values are UTF-8 strings. Every change of the store happens at one *revision*, a positive integer that only
 * grows; all changes of one transaction share it. Revisions are safe integers.
 */
export interface KeyValueStore {
  /** What to call this store in a log or an error: never with a secret in it. */
  readonly name: string;

  /** Puts one key, unconditionally. Resolves with the revision once it is durable. */
  put(key: string, value: string): Promise<number>;

  /** The key's entry, or undefined if it is absent. */
  get(key: string): Promise<Entry | undefined>;

  /** Every entry whose key begins with `prefix`, in key order, all as of one revision. Pages inside. */
  getAllWithPrefix(prefix: string): Promise<Snapshot>;

  /** Deletes one key. Resolves with whether it was there, once that is durable. */
  delete(key: string): Promise<boolean>;

  /**
   * Applies all operations at one revision if every guard holds, or none of them.
   *
   * At most {@link MAX_COMMIT_OPERATIONS} operations and {@link MAX_COMMIT_GUARDS} guards, and no key twice among the
   * operations: else it throws `invalid_argument` and nothing was sent. `unknown` means that the commit may or may not
   * have been applied, or may still be; only a guard that the commit itself invalidates makes it safe to repeat.
   * Throws `unavailable` only if it was surely not applied.
   */
  commit(commit: Commit): Promise<CommitResult>;

  /**
   * Does of a commit what can be done without the store, so that making it later takes less time: `commit` has to get the
   * very same object, unchanged. Nothing has to be prepared, and what is prepared need not be made. Throws
   * `invalid_argument` and `closed` as `commit` does. A store that has nothing to prepare leaves this out.
   */
  prepare?(commit: Commit): Promise<void>;

  /**
   * Every change to keys beginning with `prefix`, in revision order, all changes of a revision in one batch.
   *
   * Begins after `options.afterRevision` (so that it continues a snapshot of that revision), or with the next change.
   * The stream survives a lost connection and a restart of the store without a gap or a repeat. It throws
   * `compacted` when the revisions it needs are gone: take a new snapshot then. It ends when the signal aborts, and
   * throws `closed` when the store is closed.
   */
  watch(prefix: string, options?: WatchOptions): AsyncIterable<WatchBatch>;

  /**
   * Becomes the one writer: waits until nobody else is, then puts a fresh id under the fence key and the candidate
   * under the leader key, in one transaction.
   *
   * A candidate whose id stands in the leader key already takes over at once; the former holder loses.
   */
  lead(candidate: Candidate, options?: LeadOptions): Promise<Leadership>;

  /**
   * Forgets what changed before `revision`; current values stay. Watches that need more get `compacted` at once; it
   * resolves when the store has let go of all of it, which can take minutes.
   */
  compact(revision: number): Promise<void>;

  /**
   * Looks at the store, without writing to it, within the time that a call may take. What is wrong is in what it returns;
   * it throws only `closed`.
   */
  status(): Promise<StoreStatus>;

  /** Ends watches, gives up the leadership and releases everything. Can be called twice. */
  close(): Promise<void>;
}

/** The most operations one {@link KeyValueStore.commit} takes: 64 transactions of 64, nested, in etcd's default limits. */
export const MAX_COMMIT_OPERATIONS = 4096;

/** The most guards one {@link KeyValueStore.commit} takes. */
export const MAX_COMMIT_GUARDS = 100;

/** The key that every fenced commit compares and puts anew: whoever leads holds the chain. */
export const FENCE_KEY = '/statemanager/commit';

/** The key that names the leader; in etcd it is bound to the leader's lease. */
export const LEADER_KEY = '/statemanager/leader';

/** One key's value, and the revision of its last change. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Entries as they all were at `revision`. */
export interface Snapshot {
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** What must hold for a commit to be applied; `revision: 0` and `value: null` both mean that the key is absent. */
export type Guard =
  { readonly key: string; readonly revision: number } | { readonly key: string; readonly value: string | null };

/** One change of one key. */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string };

/** Guards and the operations they guard. */
export interface Commit {
  readonly guards: readonly Guard[];
  readonly operations: readonly Operation[];
}

/** What became of a commit. A conflict means that a guard did not hold, and that nothing was applied. */
export type CommitResult =
  | { readonly outcome: 'committed'; readonly revision: number }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** One change that a watch saw. */
export type WatchEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string };

/** All changes of one revision that concern a watch. */
export interface WatchBatch {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** Where a watch begins and ends. */
export interface WatchOptions {
  /** The last revision the caller has seen; without it, the watch begins with the next change. */
  readonly afterRevision?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/** Who wants to lead. */
export interface Candidate {
  /** Unique among the processes on the store, and the same after a restart. */
  readonly id: string;
  /** Where its peers reach it, host:port. */
  readonly address: string;
}

/** How long to wait for the leadership. */
export interface LeadOptions {
  /** Gives up waiting: `lead` throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The leadership, while it lasts. */
export interface Leadership {
  /** The id that was put under {@link FENCE_KEY}: what the first commit must find there. */
  readonly fence: string;
  /** Aborts, with a {@link StoreError} `deposed` as its reason, as soon as this process knows that it no longer leads. */
  readonly lost: AbortSignal;
  /** Whether the leadership was confirmed within its time to live. Side effects outside the store ask this first. */
  isCurrent(): boolean;
  /** Gives it up, so that the next candidate leads at once. Can be called twice. */
  resign(): Promise<void>;
}
