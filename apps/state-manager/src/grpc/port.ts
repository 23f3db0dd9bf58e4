import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  Server as TlsServer,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { ConnectError, Code } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { noteCertificate } from '../access/certificate.ts';
import type { Address } from '../config/parsers.ts';
import type { Logger } from '../log.ts';
import type { PlainHandler } from '../observe/endpoints.ts';
import { withCaller } from './caller.ts';
import { endUnread } from './end-unread.ts';
import { explainFlaws } from './explain-flaws.ts';
import { allowFarDeadlines } from './far-deadlines.ts';
import { serveFramed, type Admit, type FramedStream } from './framed-stream.ts';
import { HotPath, type HotMethod } from './hot-path.ts';

export interface PortOptions {
  /** Adds what it answers. `draining` aborts when a stop begins: streams that would never end by themselves end then. */
  readonly routes: (router: ConnectRouter, draining: AbortSignal) => void;
  readonly maxMessageBytes: number;
  /** What runs around every call that Connect's handler answers. */
  readonly interceptors?: readonly Interceptor[];
  /** Lets in calls of {@link framedStreams}; whoever is not goes the ordinary way, past the interceptors. */
  readonly admit?: Admit;
  /** With which certificate to speak TLS; undefined to speak none. */
  readonly tls?: PortTls | undefined;
  readonly log?: Logger;
  /** Methods that may be answered before Connect sees them. */
  readonly hotMethods?: readonly HotMethod[];
  /** Streams whose answers are encoded already; asked for once, after `routes`. */
  readonly framedStreams?: () => readonly FramedStream[];
  /** Answers whatever `routes` does not; without it that is 404. */
  readonly fallback?: PlainHandler;
}

/** A certificate, its key, and the authorities of callers' certificates, each in PEM. */
export interface PortTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** undefined: nobody is asked for a certificate. */
  readonly ca?: Buffer;
}

/** How an HTTP/2 connection without TLS begins. No HTTP/1.1 method begins like this. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A connection that says nothing for this long is closed, and so is one that does not finish the head of a request. */
const FIRST_BYTES_WITHIN_MS = 10_000;
const CHECK_HEADS_EVERY_MS = 1000;

const TLS = {
  ALPNProtocols: ['h2', 'http/1.1'],
  minVersion: 'TLSv1.2',
  handshakeTimeout: FIRST_BYTES_WITHIN_MS,
  // Whoever shows none may have a token; one that is shown and not good is refused by hand, with a word in the log.
  rejectUnauthorized: false,
} as const;

const MAX_CONCURRENT_STREAMS = 1000;

/**
 * How much a connection may send before it has to wait for us. HTTP/2's own 64 KiB are three reports of 20 containers: a
 * peer that sends those of a whole fleet would spend its time waiting.
 */
const CONNECTION_WINDOW_BYTES = 1_048_576;

/**
 * One port for gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2, with TLS or without: ALPN, or the first bytes, tell
 * which.
 */
export class Port {
  readonly #net: Server;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();
  /** Those of which it is not known yet what they speak. */
  readonly #silent = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #draining = new AbortController();
  readonly #log: Logger | undefined;

  constructor(options: PortOptions) {
    const {
      routes,
      maxMessageBytes,
      hotMethods = [],
      framedStreams = () => [],
      tls,
      fallback,
      admit = () => true,
    } = options;
    let handlers: readonly UniversalHandler[] = [];
    // Not given to Connect as its shutdown signal: that would cancel every call that was accepted.
    const { signal } = this.#draining;
    const handler = connectNodeAdapter({
      routes: (router) => {
        routes(router, signal);
        explainFlaws(router.handlers);
        allowFarDeadlines(router.handlers);
        serveFramed(router.handlers, framedStreams(), admit);
        handlers = router.handlers;
      },
      readMaxBytes: maxMessageBytes,
      contextValues: withCaller,
      interceptors: [...(options.interceptors ?? [])],
      ...(fallback && { fallback: (request, response) => fallback(request, response, signal) }),
    });
    this.#http1 = createHttp1Server(
      { headersTimeout: FIRST_BYTES_WITHIN_MS, connectionsCheckingInterval: CHECK_HEADS_EVERY_MS },
      handler,
    );
    // It is handed its connections and never listens by itself; only after this does it watch slow and idle ones.
    this.#http1.emit('listening');
    const hotPath = new HotPath(hotMethods, handlers, maxMessageBytes);
    const ordinary = createHttp2Server(handler);
    this.#http2 = createHttp2Server({ settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS } });
    this.#http2.on('stream', (stream, headers, flags, rawHeaders) => {
      if (hotPath.take(stream, headers, rawHeaders)) return;
      endUnread(stream);
      ordinary.emit('stream', stream, headers, flags, rawHeaders);
    });
    this.#http2.on('session', (session) => {
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', () => session.destroy());
    });
    this.#log = options.log;
    if (tls === undefined) {
      this.#net = createNetServer((socket) => this.#tell(socket));
      return;
    }
    this.#net = createTlsServer({ ...contextOf(tls), ...TLS, requestCert: tls.ca !== undefined }, (socket) =>
      this.#secured(socket),
    );
    // Until its handshake is done it is nobody's connection.
    this.#net.on('connection', (socket: Socket) => this.#hold(socket));
  }

  /** Shows another certificate from the next connection on; those that are there stay. Throws if it cannot be used. */
  replaceCertificate(tls: PortTls): void {
    if (this.#net instanceof TlsServer) this.#net.setSecureContext(contextOf(tls));
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
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#sessions) session.close();
    // A connection that is kept alive after its last answer would be waited for as well.
    this.#http1.keepAliveTimeout = 1;
    this.#http1.close();
    this.#http1.closeIdleConnections();
    const timer = setTimeout(() => this.#destroy(), withinMs);
    await closed;
    clearTimeout(timer);
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    this.#silent.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#silent.delete(socket);
    });
    socket.on('error', () => socket.destroy());
  }

  #secured(socket: TLSSocket): void {
    for (const raw of this.#silent) {
      const isIts = raw.remotePort === socket.remotePort && raw.remoteAddress === socket.remoteAddress;
      if (isIts) this.#silent.delete(raw);
    }
    const shown = Object.keys(socket.getPeerCertificate()).length > 0;
    if (shown && !socket.authorized) {
      const problem = String(socket.authorizationError);
      this.#log?.warn({ caller: `${socket.remoteAddress}:${socket.remotePort}`, problem }, 'a certificate is refused');
      socket.destroy();
      return;
    }
    noteCertificate(socket);
    if (socket.alpnProtocol !== 'h2') return this.#tell(socket);
    this.#hold(socket);
    this.#silent.delete(socket);
    this.#http2.emit('connection', socket);
  }

  #tell(socket: Socket): void {
    this.#hold(socket);
    socket.setTimeout(FIRST_BYTES_WITHIN_MS, () => socket.destroy());
    let first = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      first = Buffer.concat([first, chunk]);
      const isHttp2 = beginsLikeHttp2(first);
      if (isHttp2 && first.length < HTTP2_PREFACE.length) return;
      socket.off('data', read);
      this.#silent.delete(socket);
      socket.pause();
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(first);
      if (isHttp2) {
        this.#http2.emit('connection', socket);
        return;
      }
      this.#http1.emit('connection', socket);
      // An HTTP/1.1 parser is fed by the stream's flow; an HTTP/2 session reads the socket itself.
      process.nextTick(() => socket.resume());
    };
    socket.on('data', read);
  }

  #destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function contextOf({ cert, key, ca }: PortTls): SecureContextOptions {
  return { cert, key, ...(ca && { ca }), minVersion: TLS.minVersion };
}

function beginsLikeHttp2(first: Buffer): boolean {
  const length = Math.min(first.length, HTTP2_PREFACE.length);
  return first.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
}
