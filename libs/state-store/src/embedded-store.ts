import { randomUUID } from 'node:crypto';
import { assertCommit, assertKey, assertRevision, assertValue } from './assert-commit.ts';
import { attempt } from './attempt.ts';
import { LeaderSeat } from './leader-seat.ts';
import type { Ledger } from './ledger.ts';
import { StoreError } from './store-error.ts';
import { WriteMemory, statusOf } from './store-status.ts';
import type { StoreStatus } from './store-status.ts';
import { FENCE_KEY, LEADER_KEY } from './store.ts';
import type {
  Candidate,
  Commit,
  CommitResult,
  Entry,
  Guard,
  KeyValueStore,
  LeadOptions,
  Leadership,
  Operation,
  Snapshot,
  WatchBatch,
  WatchOptions,
} from './store.ts';

/** About how many events a watch reads at once: enough to catch up quickly, little enough to let others run. */
const WATCH_PAGE_EVENTS = 1000;

/** A watch that has read everything. */
interface Waiting {
  readonly prefix: string;
  /** Has it go on after a revision: up to that, nothing concerned it. */
  readonly goOnAfter: (revision: number) => void;
}

/** The whole {@link KeyValueStore} over a {@link Ledger} that only this object uses. */
export class EmbeddedStore implements KeyValueStore {
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #seat: LeaderSeat;
  readonly #waiting = new Set<Waiting>();
  readonly #writes = new WriteMemory();
  #closed = false;

  constructor(name: string, ledger: Ledger) {
    this.name = name;
    this.#ledger = ledger;
    this.#seat = new LeaderSeat({
      claim: (candidate) => this.#claim(candidate),
      vacate: () => this.#record([{ type: 'delete', key: LEADER_KEY }]),
    });
  }

  put(key: string, value: string): Promise<number> {
    return attempt(() => {
      assertKey(key);
      assertValue(key, value);
      return this.#open().#apply([{ type: 'put', key, value }]);
    });
  }

  get(key: string): Promise<Entry | undefined> {
    return attempt(() => {
      assertKey(key);
      return this.#open().#ledger.read(key);
    });
  }

  getAllWithPrefix(prefix: string): Promise<Snapshot> {
    return attempt(() => {
      const ledger = this.#open().#ledger;
      return { revision: ledger.revision(), entries: ledger.range(prefix) };
    });
  }

  delete(key: string): Promise<boolean> {
    return attempt(() => {
      assertKey(key);
      const existed = this.#open().#ledger.read(key) !== undefined;
      if (existed) this.#apply([{ type: 'delete', key }]);
      return existed;
    });
  }

  commit(commit: Commit): Promise<CommitResult> {
    return attempt(() => {
      assertCommit(commit);
      const ledger = this.#open().#ledger;
      if (!commit.guards.every((guard) => holds(guard, ledger.read(guard.key)))) return { outcome: 'conflict' };
      return { outcome: 'committed', revision: this.#apply(commit.operations) };
    });
  }

  watch(prefix: string, options: WatchOptions = {}): AsyncIterable<WatchBatch> {
    const { afterRevision, signal } = options;
    if (afterRevision !== undefined) assertRevision(afterRevision);
    return this.#follow(prefix, afterRevision ?? this.#open().#ledger.revision(), signal);
  }

  async lead(candidate: Candidate, options: LeadOptions = {}): Promise<Leadership> {
    return await this.#open().#seat.take(candidate, options.signal);
  }

  compact(revision: number): Promise<void> {
    return attempt(() => {
      assertRevision(revision);
      const ledger = this.#open().#ledger;
      if (revision > ledger.revision() + 1) {
        throw new StoreError('invalid_argument', `cannot compact to ${revision}: the store is at ${ledger.revision()}`);
      }
      if (revision > ledger.oldestRevision()) ledger.compact(revision);
    });
  }

  status(): Promise<StoreStatus> {
    return attempt(() => {
      const ledger = this.#open().#ledger;
      const beganAtMs = performance.now();
      const look = (sizeBytes?: number, failure?: StoreError): StoreStatus =>
        statusOf({ name: this.name, tookMs: performance.now() - beganAtMs, writes: this.#writes, sizeBytes, failure });
      try {
        ledger.read(FENCE_KEY);
        return look(ledger.sizeBytes?.());
      } catch (error) {
        if (!StoreError.is(error)) throw error;
        return look(undefined, error);
      }
    });
  }

  close(): Promise<void> {
    return attempt(() => {
      if (this.#closed) return;
      try {
        this.#seat.close();
      } finally {
        this.#closed = true;
        this.#wakeAll();
        this.#ledger.close();
      }
    });
  }

  async *#follow(prefix: string, afterRevision: number, signal?: AbortSignal): AsyncGenerator<WatchBatch> {
    let seen = afterRevision;
    for (;;) {
      if (signal?.aborted) return;
      const batches = this.#open().#changesAfter(seen);
      if (batches.length === 0) seen = await this.#change(prefix, seen, signal);
      for (const batch of batches) {
        seen = batch.revision;
        const events = batch.events.filter((event) => event.key.startsWith(prefix));
        if (events.length > 0) yield { revision: seen, events };
        if (signal?.aborted) return;
      }
    }
  }

  #changesAfter(revision: number): WatchBatch[] {
    const oldest = this.#ledger.oldestRevision();
    if (revision < oldest - 1) {
      throw new StoreError('compacted', `the changes after ${revision} are gone: the oldest known is ${oldest}`);
    }
    return this.#ledger.changesAfter(revision, WATCH_PAGE_EVENTS);
  }

  /**
   * Resolves at the next change that concerns a prefix, when the store closes, or when the signal aborts; with the
   * revision to go on after. What a watch does not want is not even read: a busy store has many changes, and a watch of
   * definitions wants few of them.
   */
  #change(prefix: string, seen: number, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      const stop = (): void => waiting.goOnAfter(seen);
      const waiting: Waiting = {
        prefix,
        goOnAfter: (revision) => {
          this.#waiting.delete(waiting);
          signal?.removeEventListener('abort', stop);
          resolve(Math.max(revision, seen));
        },
      };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  #apply(operations: readonly Operation[]): number {
    const revision = this.#record(operations);
    if (operations.some((operation) => operation.key === LEADER_KEY)) {
      this.#seat.depose(`somebody else changed ${LEADER_KEY}`);
    }
    return revision;
  }

  #record(operations: readonly Operation[]): number {
    const revision = this.#write(operations);
    for (const { prefix, goOnAfter } of [...this.#waiting]) {
      if (operations.some(({ key }) => key.startsWith(prefix))) goOnAfter(revision - 1);
    }
    return revision;
  }

  #write(operations: readonly Operation[]): number {
    // Giving the leadership up takes no room: where it works, and nothing else does, the disk is as full as before.
    const saysNothing = operations.length === 1 && operations[0]?.type === 'delete' && operations[0].key === LEADER_KEY;
    const beganAtMs = performance.now();
    let failure: unknown;
    try {
      return this.#ledger.apply(operations);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (failure !== undefined || !saysNothing) this.#writes.note(performance.now() - beganAtMs, failure);
    }
  }

  #claim(candidate: Candidate): string {
    const fence = randomUUID();
    const { id, address } = candidate;
    this.#record([
      { type: 'put', key: LEADER_KEY, value: JSON.stringify({ id, address }) },
      { type: 'put', key: FENCE_KEY, value: fence },
    ]);
    return fence;
  }

  #wakeAll(): void {
    for (const { goOnAfter } of [...this.#waiting]) goOnAfter(0);
  }

  #open(): this {
    if (this.#closed) throw new StoreError('closed', `${this.name} is closed`);
    return this;
  }
}

function holds(guard: Guard, entry: Entry | undefined): boolean {
  if ('revision' in guard) return (entry?.revision ?? 0) === guard.revision;
  return (entry?.value ?? null) === guard.value;
}
