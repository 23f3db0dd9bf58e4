import type { MessagePort } from 'node:worker_threads';
import type { Candidate, CommitResult, Entry, Guard, KeyValueStore, Leadership } from '@statemanager/state-store';
import type { Operation, StoreStatus, WatchBatch } from '@statemanager/state-store';
import { toPortable } from './portable-error.ts';
import type { SqliteLedger } from './sqlite-ledger.ts';
import { MOST_PAGES_UNDER_WAY } from './thread-calls.ts';
import type { Calls, FlatOperations, Message, ThreadData } from './thread-calls.ts';

/** About how many characters one page of a snapshot has: little enough that a page is not seen in the memory. */
const PAGE_CHARACTERS = 32_768;

type Served = {
  [K in keyof Calls]: (...args: Parameters<Calls[K]>) => ReturnType<Calls[K]> | Promise<ReturnType<Calls[K]>>;
};

interface Watch {
  readonly batches: AsyncIterator<WatchBatch>;
  readonly ending: AbortController;
}

/** The store as the thread that has its file serves it. */
export class ServedStore implements Served {
  readonly #store: KeyValueStore;
  readonly #ledger: SqliteLedger;
  readonly #port: MessagePort;
  readonly #pagesUnderWay: ThreadData['pagesUnderWay'];
  readonly #watches = new Map<number, Watch>();
  readonly #candidates = new Map<number, AbortController>();
  readonly #leaderships = new Map<number, Leadership>();

  constructor(store: KeyValueStore, ledger: SqliteLedger, port: MessagePort, { pagesUnderWay }: ThreadData) {
    this.#store = store;
    this.#ledger = ledger;
    this.#port = port;
    this.#pagesUnderWay = pagesUnderWay;
  }

  serve(call: keyof Calls, args: readonly unknown[]): unknown {
    return (this[call] as (...args: readonly unknown[]) => unknown)(...args);
  }

  put(key: string, value: string): Promise<number> {
    return this.#store.put(key, value);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#store.get(key);
  }

  delete(key: string): Promise<boolean> {
    return this.#store.delete(key);
  }

  commit(guards: readonly Guard[], operations: FlatOperations): Promise<CommitResult> {
    return this.#store.commit({ guards, operations: operationsOf(operations) });
  }

  /** Keeps the thread until the last page is on its way, so that all of them are of one revision. */
  snapshot(name: number, prefix: string): number {
    let entries: (string | number)[] = [];
    let characters = 0;
    for (const { key, value, revision } of this.#ledger.entries(prefix)) {
      entries.push(key, value, revision);
      characters += key.length + value.length;
      if (characters < PAGE_CHARACTERS) continue;
      this.#sendPage(name, entries);
      entries = [];
      characters = 0;
    }
    this.#sendPage(name, entries);
    return this.#ledger.revision();
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  status(): Promise<StoreStatus> {
    return this.#store.status();
  }

  watch(name: number, prefix: string, afterRevision: number | undefined): void {
    const ending = new AbortController();
    const from = afterRevision === undefined ? {} : { afterRevision };
    const batches = this.#store.watch(prefix, { ...from, signal: ending.signal });
    this.#watches.set(name, { batches: batches[Symbol.asyncIterator](), ending });
  }

  async next(name: number): Promise<WatchBatch | undefined> {
    const result = await this.#watches.get(name)?.batches.next();
    return result?.done === false ? result.value : undefined;
  }

  endWatch(name: number): void {
    this.#watches.get(name)?.ending.abort();
    this.#watches.delete(name);
  }

  async lead(name: number, candidate: Candidate): Promise<string> {
    const waiting = new AbortController();
    this.#candidates.set(name, waiting);
    try {
      const leadership = await this.#store.lead(candidate, { signal: waiting.signal });
      this.#leaderships.set(name, leadership);
      leadership.lost.addEventListener('abort', () => this.#sayLost(name, leadership));
      return leadership.fence;
    } finally {
      this.#candidates.delete(name);
    }
  }

  stopWaiting(name: number): void {
    this.#candidates.get(name)?.abort();
  }

  async resign(name: number): Promise<void> {
    await this.#leaderships.get(name)?.resign();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #sayLost(name: number, { lost }: Leadership): void {
    this.#leaderships.delete(name);
    this.#send({ type: 'lost', name, error: toPortable(lost.reason) });
  }

  /** Waits for whoever reads the pages, where it is behind: a large snapshot is in memory once only. */
  #sendPage(name: number, entries: readonly (string | number)[]): void {
    Atomics.add(this.#pagesUnderWay, 0, 1);
    this.#send({ type: 'page', name, entries });
    for (;;) {
      const underWay = Atomics.load(this.#pagesUnderWay, 0);
      if (underWay < MOST_PAGES_UNDER_WAY) return;
      Atomics.wait(this.#pagesUnderWay, 0, underWay);
    }
  }

  #send(message: Message): void {
    this.#port.postMessage(message);
  }
}

function operationsOf(flat: FlatOperations): Operation[] {
  const operations: Operation[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const [key, value] = [flat[i] as string, flat[i + 1] as string | null];
    operations.push(value === null ? { type: 'delete', key } : { type: 'put', key, value });
  }
  return operations;
}
