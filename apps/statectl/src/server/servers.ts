import { Agent } from 'node:http';
import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type CallOptions, type Client, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
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
  readonly #agent = new Agent({ keepAlive: true });
  readonly #transports = new Map<string, Transport>();
  #current = 0;

  constructor(addresses: readonly string[], timeoutMs: number) {
    this.addresses = addresses;
    this.timeoutMs = timeoutMs;
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
      const nodeOptions = { agent: this.#agent };
      transport = createConnectTransport({ baseUrl: `http://${this.address}`, httpVersion: '1.1', nodeOptions });
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
]);
