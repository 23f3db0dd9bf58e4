import { StoreError } from '@statemanager/state-store';
import { callFailureOf } from './call-failure.ts';
import type { CallFailure } from './call-failure.ts';
import { EtcdHost } from './etcd-host.ts';
import type { EtcdStream, RpcFailure, StreamCalls, UnaryCalls } from './etcd-host.ts';

/** How a call may be tried on another server. */
type Repeat = 'if_surely_not_applied' | 'always';

type Outcome<T> = { readonly response: T } | { readonly failure: CallFailure };

/** The servers of one cluster: calls go to the same one until it fails, then to the next. */
export class EtcdConnection {
  readonly name: string;
  readonly callTimeoutMs: number;
  readonly #hosts: readonly { readonly address: string; readonly server: EtcdHost }[];
  readonly #closing = new AbortController();
  #preferred = 0;

  /** Connects with the first call. */
  constructor(hosts: readonly string[], callTimeoutMs: number) {
    this.name = `etcd:${hosts.join(',')}`;
    this.callTimeoutMs = callTimeoutMs;
    this.#hosts = hosts.map((address) => ({ address, server: new EtcdHost(address) }));
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
    const outcome = await this.tryCall(name, request, 'always');
    if ('failure' in outcome) throw outcome.failure.error;
    return outcome.response;
  }

  /** Makes a call, by default at most once, and says how it failed. All tries together end within the call timeout. */
  async tryCall<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    repeat: Repeat = 'if_surely_not_applied',
  ): Promise<Outcome<UnaryCalls[C]['response']>> {
    const deadline = deadlineIn(this.callTimeoutMs);
    let failure: CallFailure | undefined;
    for (let tries = 0; tries < this.#hosts.length; tries += 1) {
      this.assertOpen();
      const { address, server } = this.#host();
      const result = await server.call(name, request, deadline);
      if ('response' in result) return result;
      failure = callFailureOf(result.failure, address);
      if (!failure.tryAnother) break;
      this.avoid(address);
      if (failure.maybeApplied && repeat !== 'always') break;
    }
    if (failure === undefined) throw new StoreError('unavailable', `${this.name} names no server`);
    return { failure };
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
    return { stream: await server.stream(name, timeoutMs === undefined ? undefined : deadlineIn(timeoutMs)), address };
  }

  /** Reads what broke a stream, and goes to another server if that may help. */
  streamFailure(error: unknown, address: string): unknown {
    if (!isRpcFailure(error)) return error;
    const failure = callFailureOf(error, address);
    if (failure.tryAnother) this.avoid(address);
    return failure.error;
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

function deadlineIn(timeoutMs: number): Date {
  return new Date(Date.now() + timeoutMs);
}

function isRpcFailure(error: unknown): error is RpcFailure {
  return error instanceof Error && 'code' in error && 'details' in error;
}
