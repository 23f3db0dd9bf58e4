import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { parseTimeout } from '@connectrpc/connect/protocol-grpc';
import { Code, ConnectError } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { withCaller } from './caller.ts';
import { endUnread } from './end-unread.ts';
import { MAX_TIMER_MS } from '../max-timer.ts';
import { HEAD_BYTES, isPlainGrpc, messageIn } from './grpc-frame.ts';
import { trailersOf, type Trailers } from './grpc-trailers.ts';

/** A gRPC message, framed; or how to get it, from a signal that aborts when the caller is gone or its deadline passed. */
export type HotAnswer = Uint8Array | ((signal: AbortSignal) => Promise<Uint8Array>);

/** A unary gRPC method that is answered from the bytes of its request. */
export interface HotMethod {
  /** The path of its calls. */
  readonly path: string;
  /** The answer to a message; undefined if the call has to go the ordinary way. */
  readonly answer: (message: Buffer, headers: IncomingHttpHeaders, socket: Socket | undefined) => HotAnswer | undefined;
}

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;
const OK = { 'grpc-status': '0' } as const;

/**
 * Answers calls from the `stream` event of Node's HTTP/2 server, before Connect's generic handler sees them: that one
 * costs several times as much as everything else that an unchanged report needs. Whatever is not ordinary in a call
 * (compressed, malformed, too large, cut off) is given to Connect's handler with the bytes that were read, so that there
 * is one place for every rule and every error. `test/hot-path` holds both ways against each other.
 */
export class HotPath {
  readonly #methods: ReadonlyMap<string, HotMethod>;
  readonly #handlers: ReadonlyMap<string, UniversalHandler>;
  readonly #maxMessageBytes: number;

  constructor(methods: readonly HotMethod[], handlers: readonly UniversalHandler[], maxMessageBytes: number) {
    this.#methods = new Map(methods.map((method) => [method.path, method]));
    this.#handlers = new Map(handlers.map((handler) => [handler.requestPath, handler]));
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Takes a stream that it may be able to answer; returns false for one that it does not touch. */
  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): boolean {
    const path = headers[constants.HTTP2_HEADER_PATH] as string;
    const method = this.#methods.get(path);
    const handler = this.#handlers.get(path);
    if (method === undefined || handler === undefined || !isOrdinary(headers)) return false;
    const timeout = readTimeout(headers['grpc-timeout'] as string | undefined);
    if (timeout === 'bad') return false;
    const deadline = timeout === undefined ? undefined : performance.now() + timeout;
    const giveAway = (body: readonly Buffer[]): void => handOver(handler, stream, headers, rawHeaders, body);
    this.#collect({ stream, headers, deadline, method, giveAway });
    return true;
  }

  /** Collects the message and answers it, or gives what came so far away. */
  #collect({ stream, headers, deadline, method, giveAway }: Call): void {
    const chunks: Buffer[] = [];
    let size = 0;
    const read = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= HEAD_BYTES + this.#maxMessageBytes) return;
      stop();
      // Whoever goes on reading begins a little later, and must not miss what comes in between.
      stream.pause();
      giveAway(chunks);
    };
    const end = (): void => {
      stop();
      const isLate = deadline !== undefined && performance.now() >= deadline;
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
      const message = isLate ? undefined : messageIn(body);
      const answer = message && method.answer(message, headers, stream.session?.socket);
      if (answer === undefined) giveAway(chunks);
      else if (typeof answer === 'function') void respondLater(stream, deadline, answer);
      else respond(stream, answer);
    };
    const stop = (): void => {
      stream.off('data', read);
      stream.off('end', end);
    };
    stream.on('data', read);
    stream.on('end', end);
    stream.on('error', ignore);
  }
}

interface Call {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** On the clock of `performance.now()`. */
  readonly deadline: number | undefined;
  readonly method: HotMethod;
  readonly giveAway: (body: readonly Buffer[]) => void;
}

function isOrdinary(headers: IncomingHttpHeaders): boolean {
  return isPlainGrpc(headers[constants.HTTP2_HEADER_METHOD], headers['content-type'], headers['grpc-encoding']);
}

/** How long a caller waits, in milliseconds; undefined if it does not say. */
function readTimeout(header: string | undefined): number | 'bad' | undefined {
  if (header === undefined) return undefined;
  const { timeoutMs, error } = parseTimeout(header, Number.MAX_SAFE_INTEGER);
  return error === undefined ? timeoutMs : 'bad';
}

/** A stream's errors end its call, and nothing else. */
function ignore(): void {
  // Whoever waits for the call learns it from the stream's end.
}

function respond(stream: ServerHttp2Stream, message: Uint8Array | undefined, trailers: Trailers = OK): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(message);
}

async function respondLater(
  stream: ServerHttp2Stream,
  deadline: number | undefined,
  answer: (signal: AbortSignal) => Promise<Uint8Array>,
): Promise<void> {
  const over = new AbortController();
  const gone = (): void => over.abort(new ConnectError('the caller gave up', Code.Canceled));
  stream.once('close', gone);
  const late = (): void => over.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded));
  const leftMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline - performance.now();
  const timer = leftMs > MAX_TIMER_MS ? undefined : setTimeout(late, leftMs);
  try {
    respond(stream, await answer(over.signal));
  } catch (error) {
    respond(stream, undefined, trailersOf(error));
  } finally {
    clearTimeout(timer);
    stream.off('close', gone);
  }
}

function handOver(
  handler: UniversalHandler,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  body: readonly Buffer[],
): void {
  endUnread(stream);
  const request = new Http2ServerRequest(stream, headers, {}, rawHeaders);
  const response = new Http2ServerResponse(stream);
  const universal = universalRequestFromNodeRequest(request, response, undefined, withCaller(request));
  handler({ ...universal, body: followedBy(body, stream) })
    .then((answer) => universalResponseToNodeResponse(answer, response))
    // The caller is gone: there is nobody to tell.
    .catch(() => stream.close(constants.NGHTTP2_CANCEL));
}

/** What was read of a body, and the rest of it. */
async function* followedBy(body: readonly Buffer[], rest: ServerHttp2Stream): AsyncGenerator<Uint8Array> {
  yield* body;
  if (rest.readableEnded) return;
  for await (const chunk of rest) yield chunk as Buffer;
}
