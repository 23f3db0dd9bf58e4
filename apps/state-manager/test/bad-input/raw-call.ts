import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';

/** What came back to a call that was made by hand. */
export interface RawAnswer {
  /** HTTP's status; undefined if the stream was reset before. */
  readonly http: number | undefined;
  /** gRPC's status; undefined if there was none. */
  readonly grpc: number | undefined;
  readonly message: string;
  readonly body: Buffer;
  /** The stream's or the connection's error, if it ended so. */
  readonly error: Error | undefined;
}

export interface RawCall {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array;
}

const WITHIN_MS = 15_000;

/** Makes one gRPC call on a connection of its own, with exactly these bytes. */
export async function rawCall(
  address: string,
  { method = 'SendStateChange', path, headers, body }: RawCall,
): Promise<RawAnswer> {
  const session = connect(`http://${address}`);
  let error: Error | undefined;
  session.on('error', (cause: Error) => (error ??= cause));
  try {
    const all: Record<string, string | undefined> = {
      ':method': 'POST',
      ':path': path ?? `/statemanager.StateManagerConnection/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    };
    const stream = session.request(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
    stream.setTimeout(WITHIN_MS, () => stream.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => (head = received));
    stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>((resolve) => {
      stream.on('error', (cause: Error) => (error ??= cause));
      stream.on('close', resolve);
      stream.end(body);
    });
    const status = (trailers['grpc-status'] ?? head['grpc-status']) as string | undefined;
    const message = (trailers['grpc-message'] ?? head['grpc-message'] ?? '') as string;
    return {
      http: head[':status'],
      grpc: status === undefined ? undefined : Number(status),
      message: decodeURIComponent(message),
      body: Buffer.concat(chunks),
      error,
    };
  } finally {
    session.destroy();
  }
}
