import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { GrpcTransportOptions } from '@connectrpc/connect-node';
import type { Connection } from './connection.ts';
import { failureOf } from './fate.ts';
import type { Trace } from './fate.ts';

/** What one call is given. */
export interface CallTerms {
  /** Ends the call, which then rejects with the signal's reason. */
  signal: AbortSignal;
  /** How long it may take, connecting included, in milliseconds; it is told to the peer. */
  deadlineMs: number | undefined;
  headers: Headers;
  /** A longer message is refused unread. */
  maxAnswerBytes: number;
}

/** Sends a request once and resolves with the answer. Rejects with a `CallFailure`, or the signal's reason. */
export async function callOnce<I extends DescMessage, O extends DescMessage>(
  connection: Connection,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  terms: CallTerms,
): Promise<MessageShape<O>> {
  const call = new TracedCall(connection, terms);
  try {
    const { transport, signal } = call;
    return (await transport.unary(method, signal, terms.deadlineMs, terms.headers, request)).message;
  } catch (reason) {
    throw call.failure(reason);
  } finally {
    call.end();
  }
}

/**
 * Sends a request and reads the stream that answers it; throws what {@link callOnce} rejects with. Whoever stops reading
 * ends the call.
 */
export async function* readStream<I extends DescMessage, O extends DescMessage>(
  connection: Connection,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  terms: CallTerms,
): AsyncGenerator<MessageShape<O>, void> {
  const call = new TracedCall(connection, terms);
  try {
    const { transport, signal } = call;
    yield* (await transport.stream(method, signal, terms.deadlineMs, terms.headers, once(request))).message;
  } catch (reason) {
    throw call.failure(reason);
  } finally {
    call.end();
    call.cancel();
  }
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield await Promise.resolve(request);
}

/** A call with a transport of its own: the session manager's interface does not say for which call it is asked. */
class TracedCall {
  readonly transport: Transport;
  readonly #origin: Connection;
  readonly #terms: CallTerms;
  readonly #hangUp = new AbortController();
  readonly #trace: Trace = {
    stream: undefined,
    link: undefined,
    connectFailure: undefined,
    response: undefined,
    statusSeen: false,
    lost: false,
  };

  constructor(connection: Connection, terms: CallTerms) {
    this.#origin = connection;
    this.#terms = terms;
    this.transport = this.#transport();
    terms.signal.addEventListener('abort', this.cancel, { once: true });
    if (terms.signal.aborted) this.cancel();
  }

  get signal(): AbortSignal {
    return this.#hangUp.signal;
  }

  /** Gives it up. With this code the peer sees the stream cancelled, not broken. */
  readonly cancel = (): void => this.#hangUp.abort(new ConnectError('cancelled', Code.Canceled));

  /** Forgets the caller's signal. */
  end(): void {
    this.#terms.signal.removeEventListener('abort', this.cancel);
  }

  /** What to throw when it has failed. */
  failure(reason: unknown): unknown {
    const { signal, deadlineMs } = this.#terms;
    return signal.aborted ? signal.reason : failureOf(ConnectError.from(reason), this.#trace, deadlineMs);
  }

  #transport(): Transport {
    const trace = this.#trace;
    const connection = this.#origin;
    let signal = this.#hangUp.signal;
    // The transport's own signal is also aborted by the deadline.
    const learnSignal: Interceptor = (next) => (request) => {
      signal = request.signal;
      return next(request);
    };
    const sessionManager: NonNullable<GrpcTransportOptions['sessionManager']> = {
      authority: connection.origin,
      request: async (method, path, headers, options) => {
        try {
          const link = await connection.ready(signal);
          // Nothing may be sent after the caller was told that nothing was.
          signal.throwIfAborted();
          trace.stream = link.request({ ...headers, ':method': method, ':path': path }, options);
          trace.link = link;
        } catch (reason) {
          trace.connectFailure = reason;
          throw reason;
        }
        this.#follow(trace.stream, signal);
        return trace.stream;
      },
      notifyResponseByteRead: () => trace.link?.heard(),
    };
    const { maxAnswerBytes: readMaxBytes } = this.#terms;
    return createGrpcTransport({
      baseUrl: connection.origin,
      sessionManager,
      interceptors: [learnSignal],
      readMaxBytes,
    });
  }

  #follow(stream: ClientHttp2Stream, signal: AbortSignal): void {
    const trace = this.#trace;
    const noteStatus = (headers: IncomingHttpHeaders) => (trace.statusSeen ||= headers['grpc-status'] !== undefined);
    const noteEnd = () => (trace.lost ||= !signal.aborted);
    stream.on('response', (headers) => {
      trace.response = headers;
      noteStatus(headers);
    });
    stream.on('trailers', noteStatus);
    stream.on('error', noteEnd);
    stream.on('close', () => {
      noteEnd();
      // The transport waits for headers, and nobody would tell it that a stream closed in peace without any.
      if (trace.response === undefined) this.#hangUp.abort(new ConnectError('closed without an answer', Code.Aborted));
    });
  }
}
