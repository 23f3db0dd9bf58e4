import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import type { Filter } from './lists.ts';
import type { Servers } from './servers.ts';
import type { Watched } from './watch.ts';

export interface WatchConnectionSettings {
  /** Begin after it; 0 begins with a snapshot. */
  readonly revision: bigint;
  readonly signal: AbortSignal;
  /** How long it may say nothing once it has spoken, in milliseconds; its first word must come as fast as any answer. */
  readonly silenceMs: number;
}

/** One connection of a watch, to the server whose turn it is. */
export class WatchConnection {
  readonly #servers: Servers;
  readonly #filter: Filter;
  readonly #silenceMs: number;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  #revision: bigint;
  #parts: v1.Resource[] = [];

  constructor(servers: Servers, filter: Filter, { revision, signal, silenceMs }: WatchConnectionSettings) {
    this.#servers = servers;
    this.#filter = filter;
    this.#silenceMs = silenceMs;
    this.#revision = revision;
    this.#signal = AbortSignal.any([signal, this.#end.signal]);
  }

  /** Up to here everything was heard; 0 if a snapshot is due. */
  get revision(): bigint {
    return this.#revision;
  }

  /** What is heard; undefined for what says nothing new. Throws ConnectError. */
  async *messages(): AsyncGenerator<Watched | undefined> {
    const request = { filter: this.#filter, afterRevision: this.#revision };
    const silence = new ConnectError('nothing was heard any more', Code.Unavailable);
    let watchdog = setTimeout(() => this.#end.abort(silence), this.#servers.timeoutMs);
    try {
      const responses = this.#servers.client(v1.StateService).watchResources(request, { signal: this.#signal });
      for await (const response of responses) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => this.#end.abort(silence), this.#silenceMs);
        yield this.#read(response);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** Ends it, whatever it is doing. */
  close(): void {
    this.#end.abort();
  }

  #read(response: v1.WatchResourcesResponse): Watched | undefined {
    const { revision, message } = response;
    switch (message.case) {
      case 'snapshot':
        return this.#gather(message.value, revision);
      case 'changes':
        this.#revision = revision;
        return { type: 'changes', events: message.value.events, revision };
      case 'resync':
        this.#revision = 0n;
        this.#parts = [];
        return { type: 'resync', reason: message.value.reason, message: response };
      case 'bookmark':
        this.#revision = revision;
        return undefined;
      default:
        return undefined;
    }
  }

  /** A snapshot counts when it is complete: one that breaks off must begin again. */
  #gather({ resources, complete }: v1.Snapshot, revision: bigint): Watched | undefined {
    this.#parts.push(...resources);
    if (!complete) return undefined;
    const all = this.#parts;
    this.#parts = [];
    this.#revision = revision;
    return { type: 'snapshot', resources: all, revision };
  }
}
