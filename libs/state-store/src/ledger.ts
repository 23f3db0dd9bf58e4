import type { Entry, Operation, WatchBatch } from './store.ts';

/**
 * What an embedded store keeps: current values, and what changed at each revision. {@link EmbeddedStore} makes a whole
 * `KeyValueStore` of it, so an implementation is only about storage.
 *
 * Everything is synchronous: nothing else runs between two calls, which is what makes a commit's guards and operations
 * one transaction. A method that fails throws a `StoreError` and has changed nothing.
 */
export interface Ledger {
  /** The revision of the last change; 1 if nothing was ever changed. */
  revision(): number;

  /** The first revision whose changes are still known. */
  oldestRevision(): number;

  /** The key's entry, or undefined if it is absent. */
  read(key: string): Entry | undefined;

  /** Every entry whose key begins with `prefix`, in the order of their UTF-8 bytes. */
  range(prefix: string): Entry[];

  /**
   * Applies all operations, or none, and returns the revision they have, durable. A delete of an absent key changes
   * nothing; if nothing at all changes, there is no new revision.
   */
  apply(operations: readonly Operation[]): number;

  /** The changes after `revision`, oldest first: at least one batch if there is any, and about `limit` events. */
  changesAfter(revision: number, limit: number): WatchBatch[];

  /** Forgets the changes before `revision`. */
  compact(revision: number): void;

  /** How much it takes up, free pages included. */
  sizeBytes?(): number;

  /** Releases what it holds. */
  close(): void;
}
