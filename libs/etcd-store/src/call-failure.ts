import { StoreError } from '@statemanager/state-store';
import type { StoreErrorCode, StoreErrorReason } from '@statemanager/state-store';
import type { RpcFailure } from './etcd-calls.ts';

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
  readonly reason?: StoreErrorReason;
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

/** The same, because one side did not like the other's certificate. */
const UNTRUSTED = /^No connection established.*(certificate|SSL routines)/s;

/** A token that etcd forgot, one it has replaced since, or none where it wants one: it looks before it does anything. */
const TOKEN_REFUSED = /invalid auth token|revision of auth store is old|user name is empty/;

/** First match wins. Whatever is not known to be harmless may have been applied. */
const ROWS: readonly Row[] = [
  { when: is(UNAVAILABLE, UNTRUSTED), ...unavailable('untrusted'), maybeApplied: false, tryAnother: true },
  { when: is(UNAVAILABLE, NOT_SENT), ...unavailable('unreachable'), maybeApplied: false, tryAnother: true },
  {
    when: is(DEADLINE_EXCEEDED, NOT_SENT_IN_TIME),
    ...unavailable('unreachable'),
    maybeApplied: false,
    tryAnother: true,
  },
  { when: is(UNAVAILABLE, /no leader/), ...unavailable('no_leader'), maybeApplied: false, tryAnother: true },
  { when: tokenWasRefused, ...unavailable('unauthenticated'), maybeApplied: false, tryAnother: false },
  {
    when: is(INVALID_ARGUMENT, /authentication failed/),
    ...unavailable('unauthenticated'),
    maybeApplied: false,
    tryAnother: false,
  },
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
  {
    when: is(RESOURCE_EXHAUSTED, /too many requests/),
    ...unavailable('overloaded'),
    maybeApplied: false,
    tryAnother: true,
  },
  // The very request that fills the quota is applied and refused; the ones after it are only refused.
  {
    when: is(RESOURCE_EXHAUSTED, /space exceeded/),
    ...unavailable('no_space'),
    maybeApplied: true,
    tryAnother: false,
  },
  { when: is(OUT_OF_RANGE, /has been compacted/), code: 'compacted', maybeApplied: false, tryAnother: false },
  { when: is(OUT_OF_RANGE), code: 'invalid_argument', maybeApplied: false, tryAnother: false },
  { when: is(NOT_FOUND), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(FAILED_PRECONDITION), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(PERMISSION_DENIED), ...unavailable('permission_denied'), maybeApplied: false, tryAnother: false },
  { when: is(UNAUTHENTICATED), ...unavailable('unauthenticated'), maybeApplied: false, tryAnother: false },
  { when: is(UNIMPLEMENTED), code: 'unavailable', maybeApplied: false, tryAnother: false },
  { when: is(CANCELLED), code: 'unavailable', maybeApplied: true, tryAnother: false },
  { when: is(RESOURCE_EXHAUSTED), ...unavailable('overloaded'), maybeApplied: true, tryAnother: false },
  { when: is(DEADLINE_EXCEEDED), ...unavailable('timeout'), maybeApplied: true, tryAnother: true },
  { when: is(UNAVAILABLE, /timed out/), ...unavailable('timeout'), maybeApplied: true, tryAnother: true },
  { when: is(UNAVAILABLE), ...unavailable('unreachable'), maybeApplied: true, tryAnother: true },
  { when: () => true, code: 'unavailable', maybeApplied: true, tryAnother: true },
];

/** What an operator can do, where etcd's own words do not say it. */
export const ADVICE = {
  no_leader: 'fewer than half of its servers reach each other, or they are electing',
  no_space:
    'its database is as large as its quota, and it takes no writes: compact and defragment it, or raise ' +
    '--quota-backend-bytes, and then disarm the alarm (etcdctl alarm disarm)',
  permission_denied: "the user's role must grant it reading and writing the store's keys",
  unauthenticated: 'the user and the password must be those of a user of this etcd',
  untrusted: 'the authority, the certificates and the names in them must fit',
} as const satisfies Partial<Record<StoreErrorReason, string>>;

/**
 * Reads a gRPC failure; `cause` of the error keeps it. `sent` false says that it struck before the request was sent,
 * whatever it was.
 */
export function callFailureOf(failure: RpcFailure, host: string, sent = true): CallFailure {
  const { code, reason, maybeApplied, tryAnother } = ROWS.find((row) => row.when(failure)) as Row;
  const advice = reason !== undefined && reason in ADVICE ? ADVICE[reason as keyof typeof ADVICE] : undefined;
  const said = `etcd at ${host}: ${tidy(failure.details || failure.message)}`;
  const error = new StoreError(code, advice === undefined ? said : `${said} (${advice})`, {
    cause: failure,
    ...(reason === undefined ? {} : { reason }),
  });
  return { error, maybeApplied: sent && maybeApplied, tryAnother };
}

/** Whether etcd refused a call, without doing anything, because of its token: another one may do. */
export function tokenWasRefused({ code, details }: RpcFailure): boolean {
  return (code === UNAUTHENTICATED || code === INVALID_ARGUMENT) && TOKEN_REFUSED.test(details);
}

/** Whether etcd has no users at all, so that there is nothing to log in to. */
export function authIsOff({ code, details }: RpcFailure): boolean {
  return code === FAILED_PRECONDITION && details.includes('authentication is not enabled');
}

/** On one line, and without gRPC's label of a note that it does not have. */
function tidy(text: string): string {
  return text
    .replace(/\.?\s*Resolution note:\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function is(code: number, details?: RegExp): Row['when'] {
  return (failure) => failure.code === code && (details === undefined || details.test(failure.details));
}

function unavailable(reason: StoreErrorReason): { code: 'unavailable'; reason: StoreErrorReason } {
  return { code: 'unavailable', reason };
}
