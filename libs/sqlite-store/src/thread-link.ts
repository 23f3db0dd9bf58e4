import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { StoreError } from '@statemanager/state-store';
import type { Entry } from '@statemanager/state-store';
import { fromPortable } from './portable-error.ts';
import { OPENING } from './thread-calls.ts';
import type { Calls, FlatEntries, Message, Request, ThreadData } from './thread-calls.ts';

/** A call that was not answered yet. */
interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** What the thread says by itself, for whoever asked under that name. */
export interface Listener {
  onPage?(entries: readonly Entry[]): void;
  onLost?(error: Error): void;
}

/**
 * The way to the thread that has the file. While something is asked it keeps the process alive, and else it does not: a
 * program that forgets to close a store still ends.
 */
export class ThreadLink {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #pagesUnderWay = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<number, Listener>();
  readonly #gone: Promise<void>;
  #lastId = OPENING;
  #isClosing = false;
  #fault: unknown;
  #ended: StoreError | undefined;
  /** Resolves when the file is open; rejects with why it is not. */
  readonly opened: Promise<void>;

  constructor(name: string, file: string) {
    this.#name = name;
    const workerData: ThreadData = { name, file, pagesUnderWay: this.#pagesUnderWay };
    this.#worker = new Worker(threadUrl(), { workerData, name: 'sqlite-store', ...surroundings() });
    this.#worker.on('message', (message: Message) => this.#hear(message));
    this.#worker.on('error', (error: unknown) => (this.#fault = error));
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#end();
        resolve();
      });
    });
    this.opened = this.#answerTo(OPENING);
  }

  /** Why nothing is answered any more; undefined while the thread lives. */
  get ended(): StoreError | undefined {
    return this.#ended;
  }

  /** A name for what is more than one answer, and who hears of it. */
  listen(listener: Listener): number {
    this.#lastId += 1;
    this.#listeners.set(this.#lastId, listener);
    return this.#lastId;
  }

  forget(name: number): void {
    this.#listeners.delete(name);
  }

  /** Asks the thread. Rejects with `unavailable` if it ends before it has answered. */
  ask<K extends keyof Calls>(call: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#lastId += 1;
    const request: Request = { id: this.#lastId, call, args };
    this.#worker.postMessage(request);
    return this.#answerTo(request.id);
  }

  /** Has the file closed when everything that was asked before is answered, and waits until the thread is gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      await this.ask('close');
    } catch (error) {
      if (error !== this.#ended) throw error;
    } finally {
      await this.untilGone();
    }
  }

  /** Resolves when the thread is gone, and with it everything that it held. */
  untilGone(): Promise<void> {
    this.#worker.ref();
    return this.#gone;
  }

  #answerTo<T>(id: number): Promise<T> {
    if (this.#pending.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
  }

  #hear(message: Message): void {
    switch (message.type) {
      case 'answer':
        return this.#take(message.id)?.resolve(message.result as never);
      case 'failure':
        return this.#refuse(message.id, fromPortable(message.error));
      case 'page':
        Atomics.sub(this.#pagesUnderWay, 0, 1);
        Atomics.notify(this.#pagesUnderWay, 0);
        return this.#listeners.get(message.name)?.onPage?.(entriesOf(message.entries));
      case 'lost':
        this.#listeners.get(message.name)?.onLost?.(fromPortable(message.error));
        return this.forget(message.name);
    }
  }

  #refuse(id: number, error: Error): void {
    // What else was asked of a thread that could not open the file is told why.
    if (id === OPENING) this.#fault = error;
    this.#take(id)?.reject(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    return pending;
  }

  #end(): void {
    const ended = this.#isClosing
      ? new StoreError('closed', `${this.#name} is closed`)
      : new StoreError('unavailable', `the thread of ${this.#name} has died: the next call starts another`, {
          cause: this.#fault,
        });
    this.#ended = ended;
    for (const { reject } of this.#pending.values()) reject(ended);
    this.#pending.clear();
    const lost = new StoreError('deposed', 'the thread of the store has ended', { cause: ended });
    for (const listener of this.#listeners.values()) listener.onLost?.(lost);
    this.#listeners.clear();
  }
}

function entriesOf(flat: FlatEntries): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < flat.length; i += 3) {
    entries.push({ key: flat[i] as string, value: flat[i + 1] as string, revision: flat[i + 2] as number });
  }
  return entries;
}

/** This module is a source, or compiled; so is the thread's. */
const extension = extname(import.meta.url);

function threadUrl(): URL {
  return new URL(`./thread${extension}`, import.meta.url);
}

/**
 * What the thread's Node is told: to be in a profile of this process, and where sources are. What else this process was
 * told is not for a thread; some of it none can be started with.
 *
 * Of sources Node keeps what it has made of them. It strips types in WebAssembly, and where many threads of a process begin
 * with that, V8 ends the process now and then ("Check failed: jit_page.has_value()").
 */
function surroundings(): Pick<WorkerOptions, 'execArgv' | 'env'> {
  const execArgv = process.execArgv.filter((arg) => arg.startsWith('--cpu-prof'));
  if (extension !== '.ts') return { execArgv };
  return {
    execArgv: ['--conditions=@statemanager/source', ...execArgv],
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env },
  };
}
