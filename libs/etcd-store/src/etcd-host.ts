import { Etcd3 } from 'etcd3';
import type { ITxnRequest } from 'etcd3';
import { tokenWasRefused } from './call-failure.ts';
import { secureOptionsOf } from './credentials.ts';
import type { EtcdCredentials } from './credentials.ts';
import type { EtcdStream, RpcFailure, StreamCalls, UnaryCalls, UnaryResult } from './etcd-calls.ts';
import { EtcdLogin } from './etcd-login.ts';
import type { Pass } from './etcd-login.ts';
import { SERVICE_OF, unaryMethodOf } from './unary-method.ts';

type Method = (...args: unknown[]) => unknown;

/** Without these a gRPC channel waits up to two minutes before it tries again, and a dead peer is never noticed. */
const CHANNEL_OPTIONS = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A server that was started anew may have another address; its name is otherwise looked up every 30 s, and calls wait.
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  // etcd answers pings more often than every 5 s by hanging up.
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.enable_retries': 0,
};

const NO_PASS: Pass = { token: undefined };

/**
 * One etcd server. It makes each call once: no policy of etcd3 comes between, neither its retries, which would repeat a
 * commit, nor its reaction to errors, which closes the channel under everybody else's calls. Only a call whose token was
 * refused, and which therefore did nothing, is made once more with a new one.
 */
export class EtcdHost extends Etcd3 {
  readonly #login: EtcdLogin | undefined;

  /** `address` is host:port. Throws what Node says of certificates that are none. */
  constructor(address: string, { tls, auth }: EtcdCredentials) {
    const { credentials, grpcOptions } = tls === undefined ? {} : secureOptionsOf(tls);
    super({
      hosts: tls === undefined ? address : `https://${address}`,
      grpcOptions: { ...CHANNEL_OPTIONS, ...grpcOptions },
      ...(credentials === undefined ? {} : { credentials }),
    });
    // etcd3 could log in too, over connections that it never closes, with calls that never end.
    if (auth !== undefined) {
      this.#login = new EtcdLogin(auth, (request, by) => this.#send('authenticate', request, by, NO_PASS));
    }
  }

  /** Makes one unary call, which ends before `deadline`. */
  async call<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    deadline: Date,
  ): Promise<UnaryResult<UnaryCalls[C]['response']>> {
    for (let tries = 1; ; tries += 1) {
      const pass = await this.#passOf(deadline);
      if ('failure' in pass) return { failure: pass.failure, sent: false };
      const result = await this.#send(name, request, deadline, pass);
      if ('response' in result || this.#login === undefined) return result;
      if (!tokenWasRefused(result.failure)) return result;
      this.#login.forget(pass);
      if (tries === 2) return result;
    }
  }

  /** A transaction as it goes over the wire, which {@link call} takes as well. Nothing is sent. */
  encode(transaction: ITxnRequest): Promise<Buffer> {
    return this.pool.withConnection('KV', ({ client }) => unaryMethodOf(client, 'txn').requestSerialize(transaction));
  }

  /**
   * Opens a stream. It breaks when the server has no leader, so that the caller can go to another server. Throws an
   * RpcFailure if it cannot log in before `loginDeadline`.
   */
  async stream<C extends keyof StreamCalls>(name: C, loginDeadline: Date, deadline?: Date): Promise<EtcdStream<C>> {
    const pass = await this.#passOf(loginDeadline);
    if ('failure' in pass) throw pass.failure;
    return this.pool.withConnection(name === 'watch' ? 'Watch' : 'Lease', ({ client, metadata }) => {
      metadata.set('hasleader', 'true');
      if (pass.token !== undefined) metadata.set('token', pass.token);
      const options = deadline === undefined ? {} : { deadline };
      const stream = (client as unknown as Record<C, Method>)[name](metadata, options) as EtcdStream<C>;
      // Whoever iterates gets the error; one that comes when nobody does any more must not end the process.
      stream.on('error', () => undefined);
      return stream;
    });
  }

  /** Has the next call log in anew. */
  forgetLogin(): void {
    this.#login?.forget();
  }

  async #passOf(deadline: Date): Promise<Pass | { readonly failure: RpcFailure }> {
    return this.#login === undefined ? NO_PASS : await this.#login.pass(deadline);
  }

  #send<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    deadline: Date,
    { token }: Pass,
  ): Promise<UnaryResult<UnaryCalls[C]['response']>> {
    return this.pool.withConnection(SERVICE_OF[name], ({ client, metadata }) => {
      if (token !== undefined) metadata.set('token', token);
      // A server without a leader says so at once, before it does anything, instead of letting the call wait.
      if (name !== 'status') metadata.set('hasleader', 'true');
      return new Promise((resolve) => {
        const done = (failure: RpcFailure | null, response?: UnaryCalls[C]['response']): void =>
          resolve(failure === null ? { response: response as UnaryCalls[C]['response'] } : { failure, sent: true });
        const { path, requestSerialize, responseDeserialize } = unaryMethodOf(client, name);
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, done);
      });
    });
  }
}
