import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { isPlainGrpc, messageIn } from './grpc-frame.ts';
import { trailersOf } from './grpc-trailers.ts';
import { wrapHandlers } from './wrap-handlers.ts';

/** A streaming method whose answers are encoded and framed already. */
export interface FramedStream {
  /** The path of its calls. */
  readonly path: string;
  /** The answers to a message; what they throw is for the caller. undefined if the message cannot be read. */
  readonly open: (message: Uint8Array, call: FramedCall) => AsyncGenerator<Uint8Array> | undefined;
}

export interface FramedCall {
  /** Aborts when the caller is gone, or the call has ended. */
  readonly signal: AbortSignal;
  readonly values: ContextValues;
}

/** Whether a call is let in. Connect's handler tells whoever is not. */
export type Admit = (path: string, values: ContextValues, header: Headers) => boolean;

/** A request that is longer goes the ordinary way. */
const MAX_REQUEST_BYTES = 65_536;

/**
 * Answers gRPC calls of these methods with the bytes that they give. Connect's handler would encode every message for
 * every caller, and pass it through six generators. Whatever is not ordinary in a call goes to that handler.
 */
export function serveFramed(handlers: UniversalHandler[], streams: readonly FramedStream[], admit: Admit): void {
  wrapHandlers(handlers, (handler) => {
    const stream = streams.find(({ path }) => path === handler.requestPath);
    if (stream === undefined) return undefined;
    return (request) =>
      isOrdinary(request) && admit(stream.path, request.contextValues as ContextValues, request.header)
        ? serve(handler, request, stream)
        : handler(request);
  });
}

function isOrdinary({ method, header }: UniversalServerRequest): boolean {
  return isPlainGrpc(method, header.get('content-type'), header.get('grpc-encoding')) && !header.has('grpc-timeout');
}

async function serve(
  handler: UniversalHandler,
  request: UniversalServerRequest,
  stream: FramedStream,
): Promise<UniversalServerResponse> {
  const chunks: Uint8Array[] = [];
  const rest = (request.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let size = 0;
  while (size <= MAX_REQUEST_BYTES) {
    const next = await rest.next();
    if (next.done === true) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  const body = Buffer.concat(chunks, size);
  const message = size <= MAX_REQUEST_BYTES ? messageIn(body) : undefined;
  const over = new AbortController();
  const call = { signal: over.signal, values: request.contextValues as ContextValues };
  const answers = message && stream.open(message, call);
  if (answers === undefined) return handler({ ...request, body: followedBy(body, rest) });
  const trailer = new Headers();
  const header = new Headers({ 'content-type': 'application/grpc+proto' });
  return { status: 200, header, body: answered(answers, request.signal, over, trailer), trailer };
}

async function* answered(
  answers: AsyncGenerator<Uint8Array>,
  signal: AbortSignal,
  over: AbortController,
  trailer: Headers,
): AsyncGenerator<Uint8Array> {
  const gone = (): void => over.abort(new ConnectError('the caller gave up', Code.Canceled));
  signal.addEventListener('abort', gone, { once: true });
  if (signal.aborted) gone();
  try {
    yield* answers;
    trailer.set('grpc-status', '0');
  } catch (error) {
    for (const [name, value] of Object.entries(trailersOf(error))) trailer.set(name, value);
  } finally {
    signal.removeEventListener('abort', gone);
    gone();
  }
}

/** What was read of a body, and the rest of it. */
async function* followedBy(body: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (body.length > 0) yield body;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
