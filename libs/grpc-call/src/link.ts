import { connect, constants } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
} from 'node:http2';

/** What a link keeps to; times are in milliseconds. */
export interface LinkOptions {
  /** A peer that does not speak HTTP/2 within this time is not connected. */
  connectTimeoutMs: number;
  /** A link with open calls is pinged this often; one that was silent longer is pinged before it is used. */
  keepAliveIntervalMs: number;
  /** A ping without an answer for this long ends the link. */
  keepAliveTimeoutMs: number;
  /** For `https:` origins. */
  tls?: TlsOptions | undefined;
}

/** What TLS needs, as PEM; Node's own authorities are trusted where `ca` is absent. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
}

/**
 * One HTTP/2 connection from its first byte to its end. connect-node's own session manager counts a peer as connected
 * once TCP is: a frozen process would get the call and may do it hours later. A link is open only when the peer has sent
 * its SETTINGS, so a call is never sent to a peer that does not speak.
 */
export class Link {
  /** Resolves when the peer speaks HTTP/2. Rejects with the reason if it does not within the connect timeout. */
  readonly opened: Promise<void>;
  /** Resolves when the socket is gone. */
  readonly gone: Promise<void>;
  readonly #options: LinkOptions;
  readonly #session: ClientHttp2Session;
  #streamsCount = 0;
  #aliveAtMs = performance.now();
  #keepAlive: NodeJS.Timeout | undefined;
  #ping: Promise<boolean> | undefined;
  #failure: Error | undefined;

  constructor(origin: string, options: LinkOptions) {
    this.#options = options;
    this.#session = connect(origin, { ...options.tls, settings: { enablePush: false } });
    this.gone = this.#end();
    this.opened = this.#handshake();
    // Whoever waits for `opened`, or for a stream, is told there; without a listener the error would end the process.
    this.#session.on('error', (error: Error) => (this.#failure ??= error));
  }

  /** Why it ended, if it did and that is known. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether new calls can begin on it. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Whether it was heard from within the keep-alive interval. */
  get fresh(): boolean {
    return performance.now() - this.#aliveAtMs <= this.#options.keepAliveIntervalMs;
  }

  /** Begins a call. Throws if the link is not usable. */
  request(headers: OutgoingHttpHeaders, options?: ClientSessionRequestOptions): ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    this.#streamsCount += 1;
    if (this.#streamsCount === 1) this.#watch();
    stream.once('response', () => this.heard());
    stream.once('close', () => {
      this.#streamsCount -= 1;
      if (this.#streamsCount === 0) this.#rest();
    });
    return stream;
  }

  /** Notes that something arrived. */
  heard(): void {
    this.#aliveAtMs = performance.now();
  }

  /** Whether the peer answers a ping within the keep-alive timeout; if not, the link is ended. */
  ping(): Promise<boolean> {
    this.#ping ??= this.#pingOnce().finally(() => (this.#ping = undefined));
    return this.#ping;
  }

  /** Ends the link and every call on it. */
  destroy(reason?: Error): void {
    clearInterval(this.#keepAlive);
    this.#failure ??= reason;
    this.#session.destroy(reason, constants.NGHTTP2_CANCEL);
  }

  /** Node destroys a session without saying so when a peer refuses our certificate; its socket says it. */
  #end(): Promise<void> {
    return new Promise((resolve) => {
      this.#session.once('close', resolve);
      this.#session.once('connect', (_, socket) => {
        socket.once('error', (error: Error) => {
          this.#failure ??= error;
          socket.destroy();
          resolve();
        });
      });
    });
  }

  #handshake(): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const session = this.#session;
      const late = setTimeout(
        () => this.destroy(new Error(`it did not speak HTTP/2 within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      session.once('remoteSettings', () => {
        clearTimeout(late);
        this.heard();
        // An idle connection must not keep a process alive.
        session.unref();
        resolve();
      });
      session.once('error', reject);
      void this.gone.then(() => {
        clearTimeout(late);
        reject(this.#failure ?? new Error('it closed the connection before it spoke HTTP/2'));
      });
    });
  }

  #pingOnce(): Promise<boolean> {
    const { keepAliveTimeoutMs } = this.#options;
    if (this.#session.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const late = setTimeout(
        () => this.destroy(new Error(`it did not answer a ping within ${keepAliveTimeoutMs} ms`)),
        keepAliveTimeoutMs,
      );
      const done = (answered: boolean) => {
        clearTimeout(late);
        this.#session.off('close', lost);
        if (answered) this.heard();
        resolve(answered);
      };
      const lost = () => done(false);
      this.#session.once('close', lost);
      this.#session.ping((error) => done(error === null));
    });
  }

  #watch(): void {
    this.#session.ref();
    // The open call keeps the process alive, not the timer.
    this.#keepAlive = setInterval(() => void this.ping(), this.#options.keepAliveIntervalMs).unref();
  }

  #rest(): void {
    clearInterval(this.#keepAlive);
    this.#session.unref();
  }
}
