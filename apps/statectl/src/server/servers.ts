import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { DescService } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createClient,
  type CallOptions,
  type Client,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { NO_IDENTITY, type Identity } from './identity.ts';
import { unreachable, type Attempt } from './unreachable.ts';

/** One call of a client, with the deadline it must keep. */
export type Call<S extends DescService, T> = (client: Client<S>, options: CallOptions) => Promise<T>;

/**
 * The replicas of one StateManager. A call goes to the one that answered last, and to the next ones if that cannot be
 * reached, does not answer in time, or says that it is not available: all calls of statectl can be sent again. One must
 * be closed, or its connections keep the process.
 */
export class Servers {
  readonly addresses: readonly string[];
  /** How long each of them may take to answer a call. */
  readonly timeoutMs: number;
  readonly #agent: Agent | TlsAgent;
  readonly #identity: Identity;
  readonly #transports = new Map<string, Transport>();
  #current = 0;

  constructor(addresses: readonly string[], timeoutMs: number, identity = NO_IDENTITY) {
    this.addresses = addresses;
    this.timeoutMs = timeoutMs;
    this.#identity = identity;
    const { tls } = identity;
    this.#agent = tls === undefined ? new Agent({ keepAlive: true }) : new TlsAgent({ keepAlive: true, ...tls });
  }

  /** The one that the next call goes to. */
  get address(): string {
    return this.addresses[this.#current] ?? '';
  }

  /** Calls the first that answers. Throws its ConnectError, or StatectlError if none does. */
  async call<S extends DescService, T>(service: S, call: Call<S, T>): Promise<T> {
    const attempts: Attempt[] = [];
    for (const _ of this.addresses) {
      try {
        return await call(this.client(service), { timeoutMs: this.timeoutMs });
      } catch (error) {
        const failure = ConnectError.from(error);
        if (!isPassing(failure)) throw failure;
        attempts.push({ address: this.address, error: failure });
        this.next();
      }
    }
    throw unreachable(attempts, this.timeoutMs);
  }

  /** A client of the one that the next call goes to. */
  client<S extends DescService>(service: S): Client<S> {
    let transport = this.#transports.get(this.address);
    if (transport === undefined) {
      const { tls, token } = this.#identity;
      transport = createConnectTransport({
        baseUrl: `${tls === undefined ? 'http' : 'https'}://${this.address}`,
        httpVersion: '1.1',
        nodeOptions: { agent: this.#agent },
        interceptors: token === undefined ? [] : [bearing(token)],
      });
      this.#transports.set(this.address, transport);
    }
    return createClient(service, transport);
  }

  /** Goes on to the next one. */
  next(): void {
    this.#current = (this.#current + 1) % this.addresses.length;
  }

  /** Closes every connection. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Says who asks. */
function bearing(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}

/** Whether another server, or this one later, may well answer. */
export function isPassing(error: ConnectError): boolean {
  return PASSING.has(error.code) || isBroken(error);
}

const PASSING: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded]);

/** Whether the connection broke, or what answered is no server of ours. */
function isBroken(error: ConnectError): boolean {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && BROKEN.has(String(cause.code))) return true;
  }
  return false;
}

const BROKEN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'EPROTO',
]);
