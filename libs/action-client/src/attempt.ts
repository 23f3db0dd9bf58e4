import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Interceptor } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { GrpcTransportOptions } from '@connectrpc/connect-node';
import type { Connection } from './connection.ts';
import { failureOf } from './failure.ts';
import type { Link } from './link.ts';

/** An answer is a sentence or two; more than this is refused unread. */
const maxAnswerBytes = 1024 * 1024;

/** What one attempt is given. */
export interface AttemptTerms {
  /** Aborted with an `ActionClientError` when the caller cancels or the client is closed. */
  signal: AbortSignal;
  deadlineMs: number;
  headers: Headers;
}

/** What is known of one attempt on the wire; from this, and not from texts, its failure is named. */
export interface Trace {
  /** The call's stream, once it was handed to the connection. */
  stream: ClientHttp2Stream | undefined;
  /** The connection that it was handed to. */
  link: Link | undefined;
  /** Why there was no connection. */
  connectFailure: unknown;
  response: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  /** Whether the answer's gRPC status arrived. */
  statusSeen: boolean;
  /** Whether the stream ended by itself, and not because we gave it up. */
  lost: boolean;
}

/** Sends a request once and waits for the answer. Rejects with an `ActionClientError`. */
export async function attempt<I extends DescMessage, O extends DescMessage>(
  connection: Connection,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  terms: AttemptTerms,
): Promise<MessageShape<O>> {
  const trace: Trace = {
    stream: undefined,
    link: undefined,
    connectFailure: undefined,
    response: undefined,
    statusSeen: false,
    lost: false,
  };
  const hangUp = new AbortController();
  // With this code the peer sees the stream cancelled, not broken.
  const cancel = () => hangUp.abort(new ConnectError('cancelled', Code.Canceled));
  terms.signal.addEventListener('abort', cancel, { once: true });
  if (terms.signal.aborted) cancel();
  try {
    const transport = tracedTransport(connection, trace, hangUp);
    return (await transport.unary(method, hangUp.signal, terms.deadlineMs, terms.headers, request)).message;
  } catch (reason) {
    throw failureOf(ConnectError.from(reason), trace, { ...terms, origin: connection.origin, method: method.name });
  } finally {
    terms.signal.removeEventListener('abort', cancel);
  }
}

/** A transport for one attempt: the session manager's interface does not say for which call it is asked. */
function tracedTransport(connection: Connection, trace: Trace, hangUp: AbortController) {
  let signal = hangUp.signal;
  // The transport's own signal is also aborted by the deadline.
  const learnSignal: Interceptor = (next) => (request) => {
    signal = request.signal;
    return next(request);
  };
  const sessionManager: NonNullable<GrpcTransportOptions['sessionManager']> = {
    authority: connection.origin,
    async request(method, path, headers, options) {
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
      follow(trace.stream, trace, signal, hangUp);
      return trace.stream;
    },
    notifyResponseByteRead: () => trace.link?.heard(),
  };
  return createGrpcTransport({
    baseUrl: connection.origin,
    sessionManager,
    interceptors: [learnSignal],
    readMaxBytes: maxAnswerBytes,
  });
}

function follow(stream: ClientHttp2Stream, trace: Trace, signal: AbortSignal, hangUp: AbortController): void {
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
    if (trace.response === undefined) hangUp.abort(new ConnectError('closed without an answer', Code.Aborted));
  });
}
