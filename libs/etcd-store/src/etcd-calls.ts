import type {
  IAuthenticateRequest,
  IAuthenticateResponse,
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
  IStatusRequest,
  IStatusResponse,
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
  /** A request that is encoded already goes as it is. What etcd says of each operation is left out of the answer. */
  txn: { request: ITxnRequest | Buffer; response: Omit<ITxnResponse, 'responses'> };
  compact: { request: ICompactionRequest; response: ICompactionResponse };
  leaseGrant: { request: ILeaseGrantRequest; response: ILeaseGrantResponse };
  leaseRevoke: { request: ILeaseRevokeRequest; response: ILeaseRevokeResponse };
  status: { request: IStatusRequest; response: IStatusResponse };
  authenticate: { request: IAuthenticateRequest; response: IAuthenticateResponse };
}

/** etcd's streaming calls that the store makes. */
export interface StreamCalls {
  watch: { request: IWatchRequest; response: IWatchResponse };
  leaseKeepAlive: { request: ILeaseKeepAliveRequest; response: ILeaseKeepAliveResponse };
}

/** An open stream. Iterating it throws what broke it; `cancel` ends it. */
export type EtcdStream<C extends keyof StreamCalls> = AsyncIterable<StreamCalls[C]['response']> &
  IDuplexStream<StreamCalls[C]['request'], StreamCalls[C]['response']>;

/** The answer of gRPC as it came: etcd3's own errors leave out the code. `sent` is whether the request itself went out. */
export type UnaryResult<T> = { readonly response: T } | { readonly failure: RpcFailure; readonly sent: boolean };

/** A gRPC status that is not OK. */
export interface RpcFailure extends Error {
  readonly code: number;
  readonly details: string;
}
