import type { Candidate, CommitResult, Entry, Guard, StoreStatus, WatchBatch } from '@statemanager/state-store';
import type { PortableError } from './portable-error.ts';

/**
 * What the store's thread can be asked: the arguments and the answer of each call. They are asked in order, and whatever
 * is not a watch or a candidacy is done before the next one begins.
 */
export interface Calls {
  put(key: string, value: string): number;
  get(key: string): Entry | undefined;
  delete(key: string): boolean;
  commit(guards: readonly Guard[], operations: FlatOperations): CommitResult;
  /** Sends the entries in pages, under a name that the caller gives them; answers with their revision. */
  snapshot(name: number, prefix: string): number;
  compact(revision: number): void;
  status(): StoreStatus;
  /** Begins a watch, under a name that the caller gives it. */
  watch(name: number, prefix: string, afterRevision: number | undefined): void;
  /** The next batch of a watch; undefined when it has ended. */
  next(name: number): WatchBatch | undefined;
  endWatch(name: number): void;
  /** Waits for the leadership, under a name that the caller gives it; answers with the fence. */
  lead(name: number, candidate: Candidate): string;
  stopWaiting(name: number): void;
  resign(name: number): void;
  close(): void;
}

/** Key and value of each operation in turn; null deletes. A transaction of a storm is cloned twice as fast as in objects. */
export type FlatOperations = readonly (string | null)[];

/** Key, value and revision of each entry in turn. */
export type FlatEntries = readonly (string | number)[];

/** A call, as it is sent to the thread. */
export interface Request {
  readonly id: number;
  readonly call: keyof Calls;
  readonly args: readonly unknown[];
}

/** The id under which the thread answers that the file is open, or why it is not. */
export const OPENING = 0;

/** What the thread sends. */
export type Message =
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: PortableError }
  | { readonly type: 'page'; readonly name: number; readonly entries: FlatEntries }
  /** A leadership is over. Sent before the answer to what ended it, so that nobody knows of that earlier. */
  | { readonly type: 'lost'; readonly name: number; readonly error: PortableError };

/** What the thread is started with. */
export interface ThreadData {
  /** The store's. */
  readonly name: string;
  readonly file: string;
  /** How many pages were sent and not yet read. The thread waits while they are {@link MOST_PAGES_UNDER_WAY}. */
  readonly pagesUnderWay: Int32Array<SharedArrayBuffer>;
}

/** One is put together while another is read: more of them would only be memory. */
export const MOST_PAGES_UNDER_WAY = 2;
