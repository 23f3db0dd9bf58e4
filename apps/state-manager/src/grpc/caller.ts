import { constants, type ServerHttp2Stream } from 'node:http2';
import { createContextKey, createContextValues, type ContextValues } from '@connectrpc/connect';
import { certificateOf } from '../access/certificate.ts';
import type { connectNodeAdapter } from '@connectrpc/connect-node';

type AdapterOptions = Parameters<typeof connectNodeAdapter>[0];
type NodeServerRequest = Parameters<NonNullable<AdapterOptions['contextValues']>>[0];

/** The other end of a call. */
export interface Caller {
  /** Where it is, such as `127.0.0.1:53124`. */
  readonly address: string;
  /** The name in its verified certificate; undefined if it has shown none. */
  readonly certificate: string | undefined;
  /**
   * Breaks the call off without an answer, for a caller that takes none: over HTTP/2 it learns ENHANCE_YOUR_CALM, which
   * clients read as RESOURCE_EXHAUSTED; over HTTP/1.1 its connection ends.
   */
  breakOff(): void;
}

/** How long the reason for breaking off may take to be sent. */
const SAID_WITHIN_MS = 2000;

const UNKNOWN: Caller = { address: '', certificate: undefined, breakOff: () => undefined };

/** Under which a handler finds its caller. */
export const CALLER = createContextKey<Caller>(UNKNOWN, { description: 'the other end of the call' });

/** Makes a call's other end known to its handler. */
export function withCaller(request: NodeServerRequest): ContextValues {
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  const caller: Caller = {
    address: `${remoteAddress}:${remotePort}`,
    certificate: certificateOf(request.socket),
    breakOff: () => {
      if ('stream' in request) breakOffStream(request.stream);
      else request.socket.destroy();
    },
  };
  return createContextValues().set(CALLER, caller);
}

/** The stream ends when its reset is sent, which it never is where nobody reads the connection: then that ends. */
function breakOffStream(stream: ServerHttp2Stream): void {
  const { session } = stream;
  const timer = setTimeout(() => session?.destroy(), SAID_WITHIN_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
