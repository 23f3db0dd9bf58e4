import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { SecureContextOptions } from 'node:tls';
import type { Candidate } from '@statemanager/state-store';
import type { Follower } from '../engine/follower.ts';
import type { Logger } from '../log.ts';
import { GuardedSessions } from './guarded-sessions.ts';
import { FORWARDED_BY, LAST_WORD, NOT_LEADING } from './headers.ts';
import type { LastWord } from './last-ways.ts';

export interface LeaderLinkOptions {
  /** What this process is called. */
  readonly id: () => string;
  /** How to speak TLS with whoever leads; undefined to speak none. Asked for each connection anew. */
  readonly tls?: () => SecureContextOptions | undefined;
  readonly log: Logger;
}

/** What a call to the leader may have of its own. */
export interface LeaderCall {
  readonly signal: AbortSignal;
  /** The caller's own deadline; undefined if it has none. */
  readonly timeoutMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The way to whoever leads. */
interface Way {
  readonly leader: Candidate;
  readonly transport: Transport;
  /** Aborts when another one leads, or nobody: an answer may never come. */
  readonly gone: AbortController;
  readonly close: () => void;
}

/** A connection that answers no ping is given up, with every call on it. */
const PING = { pingIntervalMs: 2000, pingTimeoutMs: 2000, idleConnectionTimeoutMs: 60_000 };

/** Calls that the leader answers for this process. It follows who that is. */
export class LeaderLink implements Follower {
  readonly #options: LeaderLinkOptions;
  #way: Way | undefined;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
  }

  /** Whether another process leads, as far as it is known. */
  get isThere(): boolean {
    return this.#way !== undefined;
  }

  onLeader(leader: Candidate | undefined): void {
    this.close();
    if (leader === undefined) return;
    const tls = this.#options.tls?.();
    const baseUrl = `${tls === undefined ? 'http' : 'https'}://${leader.address}`;
    const sessionManager = new GuardedSessions(baseUrl, PING, tls);
    const transport = createGrpcTransport({ baseUrl, sessionManager });
    this.#way = { leader, transport, gone: new AbortController(), close: () => sessionManager.abort() };
    this.#options.log.info({ leader: leader.id, address: leader.address }, 'following another StateManager');
  }

  onTerm(): readonly [] {
    this.close();
    return [];
  }

  /** Has the leader answer a call. Throws ConnectError; see {@link wasNotTaken} and {@link mayPass}. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    { signal, timeoutMs, headers }: LeaderCall,
  ): Promise<MessageShape<O>> {
    const way = this.#way;
    if (way === undefined) throw nobodyLeads('nobody leads');
    const either = AbortSignal.any([signal, way.gone.signal]);
    const sent = { ...headers, [FORWARDED_BY]: this.#options.id() };
    try {
      const { message } = await way.transport.unary(method, either, timeoutMs, sent, request);
      return message;
    } catch (error) {
      signal.throwIfAborted();
      if (way.gone.signal.aborted) throw new ConnectError('the leader changed before it answered', Code.Unavailable);
      throw wayLost(error) ?? error;
    }
  }

  /** Follows a stream of whoever leads, in this process's own name. Throws ConnectError; it ends with the leadership. */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    signal: AbortSignal,
  ): AsyncGenerator<MessageShape<O>> {
    const way = this.#way;
    if (way === undefined) throw nobodyLeads('nobody leads');
    const either = AbortSignal.any([signal, way.gone.signal]);
    const one = (async function* () {
      yield await Promise.resolve(request);
    })();
    const { message } = await way.transport.stream(method, either, undefined, undefined, one);
    yield* message;
  }

  /** Ends what is under way. */
  close(): void {
    const way = this.#way;
    this.#way = undefined;
    way?.gone.abort();
    way?.close();
  }
}

/** What HTTP/2 says of a stream that ended without an answer; connect-node makes INTERNAL or CANCELED of it. */
const STREAM_ENDED = /stream closed|NGHTTP2_|connection .*(closed|lost)/i;

/** A call that failed on its way, and not by an answer; undefined if it is none. */
function wayLost(error: unknown): ConnectError | undefined {
  if (!(error instanceof ConnectError) || !STREAM_ENDED.test(error.rawMessage)) return undefined;
  // A peer that is closing refuses streams that it has not looked at.
  if (error.rawMessage.includes('REFUSED_STREAM')) return nobodyLeads('the leader is stopping');
  return new ConnectError('the connection to the leader was lost', Code.Unavailable, undefined, undefined, error);
}

/** The refusal of whoever does not lead: nothing was done. */
export function nobodyLeads(message: string): ConnectError {
  return new ConnectError(message, Code.Unavailable, { [NOT_LEADING]: '1' });
}

/** The refusal of a report that may be older than what its node said another way: nothing was done. */
export function lastWordKnown({ number, agoMs }: LastWord): ConnectError {
  const headers = { [LAST_WORD]: `${number} ${Math.floor(agoMs)}` };
  return new ConnectError('its node has said something another way', Code.Aborted, headers);
}

/** What such a refusal says; undefined for any other failure. */
export function readLastWord(error: unknown): LastWord | undefined {
  const said = error instanceof ConnectError ? error.metadata.get(LAST_WORD) : null;
  const [, number, agoMs] = /^(\d+) (\d+)$/.exec(said ?? '') ?? [];
  return number === undefined ? undefined : { number: Number(number), agoMs: Number(agoMs) };
}

/** Whether a failed call surely did nothing, because whom it reached does not lead. */
export function wasNotTaken(error: unknown): boolean {
  return error instanceof ConnectError && error.metadata.has(NOT_LEADING);
}

/** Whether the leader does not let this process in, or not with what it forwards: its policy or its tokens are others. */
export function isDenied(error: unknown): boolean {
  return error instanceof ConnectError && (error.code === Code.PermissionDenied || error.code === Code.Unauthenticated);
}

/** Whether a failed call may succeed with the next leader, or the same one later. It may have been done already. */
export function mayPass(error: unknown): boolean {
  return error instanceof ConnectError && (error.code === Code.Unavailable || error.code === Code.Aborted);
}
