/** What stands before a gRPC message: a flag, and the length in four bytes. */
export const HEAD_BYTES = 5;

/** The flag of a message that is compressed; 0 if it is not. All other bits are reserved. */
export const COMPRESSED_FLAG = 1;

/** A message as gRPC frames it: not compressed, with its length. */
export function frameOf(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** The one message of a body that is not compressed; undefined if the body is anything else. */
export function messageIn(body: Buffer): Buffer | undefined {
  const isOne = body.length >= HEAD_BYTES && body.readUInt32BE(1) === body.length - HEAD_BYTES;
  return isOne && body[0] === 0 ? body.subarray(HEAD_BYTES) : undefined;
}

/** Whether a call is gRPC's in its own format, and its messages are not compressed. */
export function isPlainGrpc(method: unknown, type: unknown, encoding: unknown): boolean {
  const isGrpc = type === 'application/grpc' || type === 'application/grpc+proto';
  return method === 'POST' && isGrpc && (encoding ?? 'identity') === 'identity';
}
