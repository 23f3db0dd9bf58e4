import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ConnectRouter } from '@connectrpc/connect';
import { ConnectError, Code } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { Address } from '../config/parsers.ts';

export interface PortOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly maxMessageBytes: number;
}

/** How an HTTP/2 connection without TLS begins. No HTTP/1.1 method begins like this. */
const HTTP2_PREFACE = 'PRI';

/** A connection that says nothing for this long is closed. */
const FIRST_BYTES_WITHIN_MS = 10_000;

const MAX_CONCURRENT_STREAMS = 1000;

/** One cleartext port for gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2: the first bytes tell which. */
export class Port {
  readonly #net: Server;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #draining = new AbortController();

  constructor({ routes, maxMessageBytes }: PortOptions) {
    const handler = connectNodeAdapter({
      routes,
      readMaxBytes: maxMessageBytes,
      shutdownSignal: this.#draining.signal,
    });
    this.#http1 = createHttp1Server(handler);
    this.#http2 = createHttp2Server({ settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS } }, handler);
    this.#http2.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', () => session.destroy());
    });
    this.#net = createNetServer((socket) => this.#tell(socket));
  }

  /** Begins to answer. Resolves with where, which matters for port 0. */
  async listen({ host, port }: Address): Promise<Address> {
    await new Promise<void>((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen({ host, port }, () => {
        this.#net.off('error', reject);
        resolve();
      });
    });
    const address = this.#net.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  /** Accepts nothing new, and waits until every call is answered, for at most `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    this.#draining.abort(new ConnectError('StateManager stops', Code.Unavailable));
    for (const session of this.#sessions) session.close();
    this.#http1.close();
    this.#http1.closeIdleConnections();
    const timer = setTimeout(() => this.#destroy(), withinMs);
    await closed;
    clearTimeout(timer);
  }

  #tell(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(FIRST_BYTES_WITHIN_MS, () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(first);
      const isHttp2 = first.subarray(0, HTTP2_PREFACE.length).toString('latin1') === HTTP2_PREFACE;
      if (isHttp2) {
        this.#http2.emit('connection', socket);
        return;
      }
      this.#http1.emit('connection', socket);
      // An HTTP/1.1 parser is fed by the stream's flow; an HTTP/2 session reads the socket itself.
      process.nextTick(() => socket.resume());
    });
  }

  #destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}
