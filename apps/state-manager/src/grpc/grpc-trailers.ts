import { Code, ConnectError } from '@connectrpc/connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';

export type Trailers = Readonly<Record<string, string>>;

/** How gRPC is told of an error: as Connect's handler says it, and with its message spelled as everywhere else. */
export function trailersOf(error: unknown): Trailers {
  const said = error instanceof ConnectError ? error : new ConnectError('internal error', Code.Internal);
  const trailers = new Headers();
  setTrailerStatus(trailers, said);
  if (said.rawMessage !== '') trailers.set('grpc-message', percentEncode(said.rawMessage));
  return Object.fromEntries(trailers);
}

/**
 * Spells a message as gRPC wants it: only what is no printable ASCII, and the percent sign, is encoded. Connect encodes
 * commas, colons and more as well, and grpc-js shows those to people as they came.
 */
export function percentEncode(text: string): string {
  return text.replace(/[^ -~]+|%/gu, encodeURIComponent);
}
