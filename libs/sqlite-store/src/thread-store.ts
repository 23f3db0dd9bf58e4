import { StoreError, assertRevision } from '@statemanager/state-store';
import type {
  Candidate,
  Commit,
  CommitResult,
  Entry,
  KeyValueStore,
  LeadOptions,
  Leadership,
  Operation,
  Snapshot,
  StoreStatus,
  WatchBatch,
  WatchOptions,
} from '@statemanager/state-store';
import type { Calls, FlatOperations } from './thread-calls.ts';
import type { ThreadLink } from './thread-link.ts';

/** How long a look at the store may take until it is said that it does not answer: as long as a call to etcd. */
const LOOK_MS = 5000;

interface Watch {
  readonly link: ThreadLink;
  readonly name: number;
  readonly begun: Promise<void>;
}

/**
 * The store that a thread of its own has: every call is handed over, so that nobody here waits for the disk. If the thread
 * dies, what was under way fails, and the next call starts another one.
 */
export class ThreadStore implements KeyValueStore {
  readonly name: string;
  readonly #openAgain: () => ThreadLink;
  #link: ThreadLink;
  #closing: Promise<void> | undefined;

  constructor(name: string, link: ThreadLink, openAgain: () => ThreadLink) {
    this.name = name;
    this.#link = link;
    this.#openAgain = openAgain;
  }

  put(key: string, value: string): Promise<number> {
    return this.#ask('put', key, value);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#ask('get', key);
  }

  async getAllWithPrefix(prefix: string): Promise<Snapshot> {
    const link = this.#living();
    const entries: Entry[] = [];
    const name = link.listen({
      onPage: (page) => {
        for (const entry of page) entries.push(entry);
      },
    });
    try {
      return { revision: await link.ask('snapshot', name, prefix), entries };
    } finally {
      link.forget(name);
    }
  }

  delete(key: string): Promise<boolean> {
    return this.#ask('delete', key);
  }

  async commit({ guards, operations }: Commit): Promise<CommitResult> {
    const link = this.#living();
    try {
      return await link.ask('commit', guards, flatOf(operations));
    } catch (error) {
      // It was handed over: whoever opens the file next sees what became of it.
      if (error === link.ended) return { outcome: 'unknown', cause: error };
      throw error;
    }
  }

  watch(prefix: string, { afterRevision, signal }: WatchOptions = {}): AsyncIterable<WatchBatch> {
    if (afterRevision !== undefined) assertRevision(afterRevision);
    const link = this.#living();
    const name = link.listen({});
    // Asked at once and not when it is read, because that is when it begins.
    const begun = link.ask('watch', name, prefix, afterRevision);
    begun.catch(() => undefined);
    return this.#follow({ link, name, begun }, signal);
  }

  async lead(candidate: Candidate, { signal }: LeadOptions = {}): Promise<Leadership> {
    signal?.throwIfAborted();
    const link = this.#living();
    const lost = new AbortController();
    const name = link.listen({ onLost: (error) => lost.abort(error) });
    const stopWaiting = (): void => tell(link, 'stopWaiting', name);
    signal?.addEventListener('abort', stopWaiting);
    try {
      const fence = await link.ask('lead', name, candidate);
      const resign = async (): Promise<void> => {
        if (!lost.signal.aborted && this.#closing === undefined) await link.ask('resign', name);
      };
      // It was let wait no longer, and leads before the thread has heard of that.
      if (signal?.aborted === true) await resign();
      signal?.throwIfAborted();
      return { fence, lost: lost.signal, isCurrent: () => !lost.signal.aborted, resign };
    } catch (error) {
      link.forget(name);
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', stopWaiting);
    }
  }

  compact(revision: number): Promise<void> {
    return this.#ask('compact', revision);
  }

  /** The thread cannot say that it waits for its disk, or has died: that is said here. */
  status(): Promise<StoreStatus> {
    const beganAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const say = (detail: string, reason: { readonly reason?: 'timeout' } = {}): void =>
        resolve({ state: 'unavailable', ...reason, detail, latencyMs: Math.round(performance.now() - beganAtMs) });
      const timer = setTimeout(
        () => say(`${this.name} does not answer: look at its disk`, { reason: 'timeout' }),
        LOOK_MS,
      );
      const fail = (error: Error): void => (StoreError.is(error, 'unavailable') ? say(error.message) : reject(error));
      void this.#ask('status')
        .then(resolve, fail)
        .finally(() => clearTimeout(timer));
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#link.close();
    return this.#closing;
  }

  async *#follow({ link, name, begun }: Watch, signal?: AbortSignal): AsyncGenerator<WatchBatch> {
    const end = (): void => tell(link, 'endWatch', name);
    signal?.addEventListener('abort', end);
    try {
      await begun;
      while (signal?.aborted !== true) {
        const batch = await link.ask('next', name);
        if (batch === undefined) break;
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', end);
      link.forget(name);
      end();
    }
  }

  async #ask<K extends keyof Calls>(call: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
    return await this.#living().ask(call, ...args);
  }

  /** The way to the thread; to another one if that has died. Throws `closed`. */
  #living(): ThreadLink {
    if (this.#closing !== undefined) throw this.#closed();
    if (this.#link.ended !== undefined) {
      this.#link = this.#openAgain();
      // Whoever asks it hears of it.
      this.#link.opened.catch(() => undefined);
    }
    return this.#link;
  }

  #closed(): StoreError {
    return new StoreError('closed', `${this.name} is closed`);
  }
}

/** Asks for what has nothing to be told of: where it fails, the thread has ended what this would have ended. */
function tell(link: ThreadLink, call: 'endWatch' | 'stopWaiting', name: number): void {
  link.ask(call, name).catch(() => undefined);
}

function flatOf(operations: readonly Operation[]): FlatOperations {
  const flat: (string | null)[] = [];
  for (const operation of operations) flat.push(operation.key, operation.type === 'put' ? operation.value : null);
  return flat;
}
