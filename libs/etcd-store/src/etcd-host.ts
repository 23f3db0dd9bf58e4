import { Etcd3 } from 'etcd3';
import type {
  ICompactionRequest,
  ICompactionResponse,
  IDeleteRangeRequest,
  IDeleteRangeResponse,
  IDuplexStream,
  ILeaseGrantRequest,
  ILeaseGrantResponse,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  ILeaseRevokeRequest,
  ILeaseRevokeResponse,
  IPutRequest,
  IPutResponse,
  IRangeRequest,
  IRangeResponse,
  ITxnRequest,
  ITxnResponse,
  IWatchRequest,
  IWatchResponse,
} from 'etcd3';

/** etcd's unary calls that the store makes: what goes in, and what comes out. */
export interface UnaryCalls {
  range: { request: IRangeRequest; response: IRangeResponse };
  put: { request: IPutRequest; response: IPutResponse };
  deleteRange: { request: IDeleteRangeRequest; response: IDeleteRangeResponse };
  txn: { request: ITxnRequest; response: ITxnResponse };
  compact: { request: ICompactionRequest; response: ICompactionResponse };
  leaseGrant: { request: ILeaseGrantRequest; response: ILeaseGrantResponse };
  leaseRevoke: { request: ILeaseRevokeRequest; response: ILeaseRevokeResponse };
}

/** etcd's streaming calls that the store makes. */
export interface StreamCalls {
  watch: { request: IWatchRequest; response: IWatchResponse };
  leaseKeepAlive: { request: ILeaseKeepAliveRequest; response: ILeaseKeepAliveResponse };
}

/** An open stream. Iterating it throws what broke it; `cancel` ends it. */
export type EtcdStream<C extends keyof StreamCalls> = AsyncIterable<StreamCalls[C]['response']> &
  IDuplexStream<StreamCalls[C]['request'], StreamCalls[C]['response']>;

/** The answer of gRPC as it came: etcd3's own errors leave out the code. */
export type UnaryResult<T> = { readonly response: T } | { readonly failure: RpcFailure };

/** A gRPC status that is not OK. */
export interface RpcFailure extends Error {
  readonly code: number;
  readonly details: string;
}

type Method = (...args: unknown[]) => unknown;

const SERVICE_OF = {
  range: 'KV',
  put: 'KV',
  deleteRange: 'KV',
  txn: 'KV',
  compact: 'KV',
  leaseGrant: 'Lease',
  leaseRevoke: 'Lease',
} as const;

/** Without these a gRPC channel waits up to two minutes before it tries again, and a dead peer is never noticed. */
const CHANNEL_OPTIONS = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // etcd answers pings more often than every 5 s by hanging up.
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.enable_retries': 0,
};

/**
 * One etcd server. It makes each call once: no policy of etcd3 comes between, neither its retries, which would repeat a
 * commit, nor its reaction to errors, which closes the channel under everybody else's calls.
 */
export class EtcdHost extends Etcd3 {
  constructor(host: string) {
    super({ hosts: host, grpcOptions: CHANNEL_OPTIONS });
  }

  /** Makes one unary call, which ends before `deadline`. */
  call<C extends keyof UnaryCalls>(
    name: C,
    request: UnaryCalls[C]['request'],
    deadline: Date,
  ): Promise<UnaryResult<UnaryCalls[C]['response']>> {
    return this.pool.withConnection(SERVICE_OF[name], ({ client, metadata }) => {
      return new Promise((resolve) => {
        const done = (failure: RpcFailure | null, response: UnaryCalls[C]['response']) =>
          resolve(failure === null ? { response } : { failure });
        (client as unknown as Record<C, Method>)[name](request, metadata, { deadline }, done);
      });
    });
  }

  /** Opens a stream. It breaks when the server has no leader, so that the caller can go to another server. */
  stream<C extends keyof StreamCalls>(name: C, deadline?: Date): Promise<EtcdStream<C>> {
    return this.pool.withConnection(name === 'watch' ? 'Watch' : 'Lease', ({ client, metadata }) => {
      metadata.set('hasleader', 'true');
      const options = deadline === undefined ? {} : { deadline };
      const stream = (client as unknown as Record<C, Method>)[name](metadata, options) as EtcdStream<C>;
      // Whoever iterates gets the error; one that comes when nobody does any more must not end the process.
      stream.on('error', () => undefined);
      return stream;
    });
  }
}
