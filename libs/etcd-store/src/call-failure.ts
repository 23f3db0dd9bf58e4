import { StoreError } from '@statemanager/state-store';
import type { StoreErrorCode } from '@statemanager/state-store';
import type { RpcFailure } from './etcd-host.ts';

/** What a failed call means. */
export interface CallFailure {
  readonly error: StoreError;
  /** Whether etcd may have applied the request nevertheless, or may still. */
  readonly maybeApplied: boolean;
  /** Whether another server may be able to do better. */
  readonly tryAnother: boolean;
}

interface Row {
  readonly when: (failure: RpcFailure) => boolean;
  readonly code: StoreErrorCode;
  readonly maybeApplied: boolean;
  readonly tryAnother: boolean;
}

/** gRPC's status codes, as far as they matter here. */
const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const OUT_OF_RANGE = 11;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** What the client's own channel says when it had no connection to send the request on. */
const NOT_SENT = /^No connection established|^Name resolution failed|^Channel closed before call started/;
const NOT_SENT_IN_TIME = /Waiting for LB pick|waiting for name resolution|waiting for metadata filters/;

/** First match wins. Whatever is not known to be harmless may have been applied. */
const ROWS: readonly Row[] = [
  { when: is(UNAVAILABLE, NOT_SENT), code: 'unavailable', maybeApplied: false, tryAnother: true },
  { when: is(DEADLINE_EXCEEDED, NOT_SENT_IN_TIME), code: 'unavailable', maybeApplied: false, tryAnother: true },
  { when: is(UNAVAILABLE, /etcdserver: no leader/), code: 'unavailable', maybeApplied: false, tryAnother: true },
  { when: is(INVALID_ARGUMENT, /request is too large/), code: 'too_large', maybeApplied: false, tryAnother: false },
  { when: is(INVALID_ARGUMENT), code: 'invalid_argument', maybeApplied: false, tryAnother: false },
  // Written by the server about a request; the client writes the same about an answer, with a capital.
  {
    when: is(RESOURCE_EXHAUSTED, /^grpc: received message larger/),
    code: 'too_large',
    maybeApplied: false,
    tryAnother: false,
  },
  {
    when: is(RESOURCE_EXHAUSTED, /^Received message larger/),
    code: 'too_large',
    maybeApplied: true,
    tryAnother: false,
  },
  { when: is(RESOURCE_EXHAUSTED, /too many requests/), code: 'unavailable', maybeApplied: false, tryAnother: true },
  { when: is(OUT_OF_RANGE, /has been compacted/), code: 'compacted', maybeApplied: false, tryAnother: false },
  { when: is(OUT_OF_RANGE), code: 'invalid_argument', maybeApplied: false, tryAnother: false },
  { when: is(NOT_FOUND), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(FAILED_PRECONDITION), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(PERMISSION_DENIED), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(UNAUTHENTICATED), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(UNIMPLEMENTED), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(CANCELLED), code: 'unavailable', maybeApplied: true, tryAnother: false },
  // "etcdserver: mvcc: database space exceeded" too: the request that fills the quota is refused and applied.
  { when: is(RESOURCE_EXHAUSTED), code: 'unavailable', maybeApplied: true, tryAnother: false },
  { when: () => true, code: 'unavailable', maybeApplied: true, tryAnother: true },
];

/** Reads a gRPC failure; `cause` of the error keeps it. */
export function callFailureOf(failure: RpcFailure, host: string): CallFailure {
  const { code, maybeApplied, tryAnother } = ROWS.find((row) => row.when(failure)) as Row;
  const error = new StoreError(code, `etcd at ${host}: ${failure.details || failure.message}`, { cause: failure });
  return { error, maybeApplied, tryAnother };
}

function is(code: number, details?: RegExp): Row['when'] {
  return (failure) => failure.code === code && (details === undefined || details.test(failure.details));
}
