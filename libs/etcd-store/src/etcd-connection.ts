import { setTimeout as sleep } from 'node:timers/promises';
import type { ITxnRequest } from 'etcd3';
import { StoreError, WriteMemory } from '@statemanager/state-store';
import { callFailureOf } from './call-failure.ts';
import type { CallFailure } from './call-failure.ts';
import type { EtcdStream, RpcFailure, StreamCalls, UnaryCalls } from './etcd-calls.ts';
import { EtcdHost } from './etcd-host.ts';
import type { EtcdCredentials } from './credentials.ts';
import { Keys } from './keys.ts';

/** How a call is made. */
interface CallOptions {
  /** Which failures may be tried again on another server. Default `surely_not_applied`. */
  readonly repeat?: 'surely_not_applied' | 'always';
  /** When the last try ends, in milliseconds. Default: the call timeout. */
  readonly timeoutMs?: number;
  /** Whether to ask again, until then, while there is no leader: an election takes a second or two. Default true. */
  readonly awaitLeader?: boolean;
}

type Outcome<T> = { readonly response: T } | { readonly failure: CallFailure };

/** What to connect to. */
export interface EtcdConnectionOptions extends EtcdCredentials {
  /** Each host:port. */
  readonly hosts: readonly string[];
  readonly namespace: string;
  readonly callTimeoutMs: number;
}

/** How long to wait before every server is asked again for a leader. */
const ELECTION_PAUSE_MS = 100;

/** Calls that change the store, or that a change needs: how they go is what {@link EtcdConnection.writes} remembers. */
const WRITES: ReadonlySet<keyof UnaryCalls> = new Set(['put', 'deleteRange', 'txn', 'leaseGrant']);

/** The servers of one cluster: calls go to the same one until it fails, then to the next. */
export class EtcdConnection {
  readonly name: string;
  readonly callTimeoutMs: number;
  readonly keys: Keys;
  readonly writes = new WriteMemory();
  readonly #hosts: readonly { readonly address: string; readonly server: EtcdHost }[];
  readonly #closing = new AbortController();
  #preferred = 0;

  /** Connects with the first call. Throws `invalid_argument` if the namespace or the certificates are none. */
  constructor({ hosts, namespace, callTimeoutMs, ...credentials }: EtcdConnectionOptions) {
    const inNamespace = namespace === '' ? '' : ` under ${namespace}`;
    this.name = `etcd:${hosts.join(',')}${inNamespace}`;
    this.callTimeoutMs = callTimeoutMs;
    this.keys = new Keys(namespace);
    this.#hosts = hosts.map((address) => ({ address, server: openHost(address, credentials) }));
  }

  /** Aborts when the connection is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Makes a call whose repetition does no harm, on any server, and throws what the last one said. */
  async call<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
  ): Promise<UnaryCalls[C]['response']> {
    const outcome = await this.tryCall(name, request, { repeat: 'always' });
    if ('failure' in outcome) throw outcome.failure.error;
    return outcome.response;
  }

  /** Makes a call, by default at most once, and says how it failed. All tries together end within the timeout. */
  async tryCall<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    options: CallOptions = {},
  ): Promise<Outcome<UnaryCalls[C]['response']>> {
    const sentAtMs = performance.now();
    const outcome = await this.#tryEach(name, request, options);
    if (WRITES.has(name)) {
      this.writes.note(performance.now() - sentAtMs, 'failure' in outcome ? outcome.failure.error : undefined);
    }
    return outcome;
  }

  async #tryEach<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    { repeat = 'surely_not_applied', timeoutMs = this.callTimeoutMs, awaitLeader = true }: CallOptions,
  ): Promise<Outcome<UnaryCalls[C]['response']>> {
    const deadline = deadlineIn(timeoutMs);
    let noLeader: CallFailure | undefined;
    for (let tries = 1; ; tries += 1) {
      this.assertOpen();
      const { address, server } = this.#host();
      const result = await server.call(name, request, deadline).catch((error: unknown) => {
        this.assertOpen();
        throw error;
      });
      if ('response' in result) return result;
      const failure = callFailureOf(result.failure, address, result.sent);
      if (failure.error.reason === 'no_leader') noLeader = failure;
      if (!failure.tryAnother) return { failure };
      this.avoid(address);
      if (failure.maybeApplied && repeat !== 'always') return { failure };
      // That there is no leader says more than that some of the servers are away.
      const failed = { failure: noLeader ?? failure };
      // A server that is given no time to answer would be passed over as if it were away: the next call asks it.
      if (deadline.getTime() - Date.now() <= ELECTION_PAUSE_MS) return failed;
      if (tries % this.#hosts.length !== 0) continue;
      if (noLeader === undefined || !awaitLeader) return failed;
      await sleep(ELECTION_PAUSE_MS);
    }
  }

  /** A transaction as it goes over the wire, which {@link tryCall} takes as well. Nothing is sent. */
  async encode(transaction: ITxnRequest): Promise<Buffer> {
    this.assertOpen();
    return await this.#host().server.encode(transaction);
  }

  /**
   * Opens a stream on the preferred server, and says which one that is. It ends when the caller cancels it, or after
   * `timeoutMs`.
   */
  async stream<C extends keyof StreamCalls>(
    name: C,
    timeoutMs?: number,
  ): Promise<{ stream: EtcdStream<C>; address: string }> {
    this.assertOpen();
    const { address, server } = this.#host();
    const deadline = timeoutMs === undefined ? undefined : deadlineIn(timeoutMs);
    try {
      return { stream: await server.stream(name, deadline ?? deadlineIn(this.callTimeoutMs), deadline), address };
    } catch (error) {
      this.assertOpen();
      throw this.streamFailure(error, address);
    }
  }

  /** Reads what broke a stream, and goes to another server, or logs in anew, if that may help. */
  streamFailure(error: unknown, address: string): unknown {
    const failure = isRpcFailure(error) ? callFailureOf(error, address) : undefined;
    if (failure?.tryAnother === true) this.avoid(address);
    const read = failure?.error ?? error;
    // Some releases of etcd say of a stream with an old token that it is not permitted.
    if (StoreError.is(read) && (read.reason === 'unauthenticated' || read.reason === 'permission_denied')) {
      this.#hosts.find((host) => host.address === address)?.server.forgetLogin();
    }
    return read;
  }

  /** Goes to the next server, unless somebody has done that already. */
  avoid(address: string): void {
    if (this.#host().address === address) this.#preferred = (this.#preferred + 1) % this.#hosts.length;
  }

  assertOpen(): void {
    if (this.closed.aborted) throw new StoreError('closed', `${this.name} is closed`);
  }

  /** Ends streams, and makes every later call throw `closed`. Calls in flight end by themselves. */
  close(): void {
    this.#closing.abort(new StoreError('closed', `${this.name} is closed`));
    for (const { server } of this.#hosts) server.close();
  }

  #host() {
    const host = this.#hosts[this.#preferred];
    if (host === undefined) throw new StoreError('unavailable', `${this.name} names no server`);
    return host;
  }
}

function openHost(address: string, credentials: EtcdCredentials): EtcdHost {
  try {
    return new EtcdHost(address, credentials);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('invalid_argument', `the certificates for etcd cannot be used: ${why}`, { cause });
  }
}

function deadlineIn(timeoutMs: number): Date {
  return new Date(Date.now() + timeoutMs);
}

function isRpcFailure(error: unknown): error is RpcFailure {
  return error instanceof Error && 'code' in error && 'details' in error;
}
