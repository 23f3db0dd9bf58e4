import { Code, ConnectError } from '@connectrpc/connect';
import type { UniversalHandler, UniversalHandlerFn, UniversalServerRequest } from '@connectrpc/connect/protocol';
import { findFlaw } from './find-flaw.ts';
import { COMPRESSED_FLAG, HEAD_BYTES } from './grpc-frame.ts';
import { percentEncode } from './grpc-trailers.ts';
import { wrapHandlers } from './wrap-handlers.ts';

/** How Connect begins its sentence about a message that it cannot decode. */
const UNDECODABLE = 'parse binary: ';

/**
 * Has gRPC callers hear which field of their message could not be decoded, and that it is their message
 * (`INVALID_ARGUMENT`): Connect alone says `INTERNAL`, and names no field. A reserved flag is refused too.
 */
export function explainFlaws(handlers: UniversalHandler[]): void {
  wrapHandlers(handlers, (handler) => (handler.method.methodKind === 'unary' ? explaining(handler) : undefined));
}

function explaining(handler: UniversalHandler): UniversalHandlerFn {
  return async (request) => {
    if (!isGrpc(request)) return handler(request);
    const received: Uint8Array[] = [];
    const response = await handler({ ...request, body: keeping(request.body as AsyncIterable<Uint8Array>, received) });
    const { trailer } = response;
    const said = decodeURIComponent(trailer?.get('grpc-message') ?? '');
    if (trailer === undefined || said === '') return response;
    trailer.set('grpc-message', percentEncode(said));
    if (trailer.get('grpc-status') !== String(Code.Internal) || !said.startsWith(UNDECODABLE)) return response;
    const flaw = flawIn(Buffer.concat(received), handler) ?? said.slice(UNDECODABLE.length);
    trailer.set('grpc-status', String(Code.InvalidArgument));
    trailer.set('grpc-message', percentEncode(`cannot decode ${handler.method.input.typeName}: ${flaw}`));
    trailer.delete('grpc-status-details-bin');
    return response;
  };
}

function isGrpc({ header }: UniversalServerRequest): boolean {
  return /^application\/grpc($|\+proto|;)/i.test(header.get('content-type') ?? '');
}

/** Passes a body on, keeps it for an explanation, and refuses reserved flags. */
async function* keeping(body: AsyncIterable<Uint8Array>, received: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const [flag] = received[0] ?? chunk;
    if (flag !== undefined && flag > COMPRESSED_FLAG) {
      throw new ConnectError(`the message's compressed flag must be 0 or 1, not ${flag}`, Code.InvalidArgument);
    }
    if (chunk.length > 0) received.push(chunk);
    yield chunk;
  }
}

function flawIn(body: Buffer, { method }: UniversalHandler): string | undefined {
  const isCompressed = body[0] === COMPRESSED_FLAG;
  if (isCompressed || body.length < HEAD_BYTES) return undefined;
  return findFlaw(method.input, body.subarray(HEAD_BYTES, HEAD_BYTES + body.readUInt32BE(1)));
}
