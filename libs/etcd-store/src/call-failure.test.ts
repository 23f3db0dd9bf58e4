import { describe, expect, it } from 'vitest';
import { callFailureOf } from './call-failure.ts';

/** What gRPC and etcd say, what the store makes of it, whether the request may have been applied, and why it failed. */
const SAYINGS: readonly [number, string, string, boolean, string | undefined][] = [
  [14, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1', 'unavailable', false, 'unreachable'],
  [14, 'Name resolution failed for target dns:nowhere:2379', 'unavailable', false, 'unreachable'],
  [14, 'Channel closed before call started', 'unavailable', false, 'unreachable'],
  [14, 'Connection dropped', 'unavailable', true, 'unreachable'],
  [14, 'read ECONNRESET', 'unavailable', true, 'unreachable'],
  [14, 'etcdserver: no leader', 'unavailable', false, 'no_leader'],
  [14, 'etcdserver: request timed out', 'unavailable', true, 'timeout'],
  [14, 'etcdserver: request timed out, possibly due to previous leader failure', 'unavailable', true, 'timeout'],
  [14, 'etcdserver: server stopped', 'unavailable', true, 'unreachable'],
  [4, 'Deadline exceeded after 5.001s,Waiting for LB pick', 'unavailable', false, 'unreachable'],
  [
    4,
    'Deadline exceeded after 5.001s,name resolution: 0.001s,LB pick: 0.003s,remote_addr=127.0.0.1:1',
    'unavailable',
    true,
    'timeout',
  ],
  [1, 'Cancelled on client', 'unavailable', true, undefined],
  [2, 'raft proposal dropped', 'unavailable', true, undefined],
  [13, 'Received RST_STREAM with code 2', 'unavailable', true, undefined],
  [3, 'etcdserver: request is too large', 'too_large', false, undefined],
  [3, 'etcdserver: duplicate key given in txn request', 'invalid_argument', false, undefined],
  [8, 'grpc: received message larger than max (3000000 vs. 2097152)', 'too_large', false, undefined],
  [8, 'Received message larger than max (3000000 vs 2097152)', 'too_large', true, undefined],
  [8, 'etcdserver: too many requests', 'unavailable', false, 'overloaded'],
  [8, 'etcdserver: mvcc: database space exceeded', 'unavailable', true, 'no_space'],
  [11, 'etcdserver: mvcc: required revision has been compacted', 'compacted', false, undefined],
  [11, 'etcdserver: mvcc: required revision is a future revision', 'invalid_argument', false, undefined],
  [7, 'etcdserver: permission denied', 'unavailable', false, 'permission_denied'],
  [
    14,
    'No connection established. Last error: self-signed certificate in certificate chain.',
    'unavailable',
    false,
    'untrusted',
  ],
  [16, 'etcdserver: invalid auth token', 'unavailable', false, 'unauthenticated'],
  [3, 'etcdserver: user name is empty', 'unavailable', false, 'unauthenticated'],
  [3, 'etcdserver: revision of auth store is old', 'unavailable', false, 'unauthenticated'],
  [3, 'etcdserver: authentication failed, invalid user ID or password', 'unavailable', false, 'unauthenticated'],
];

describe('a failed call', () => {
  it.each(SAYINGS)('%i %s', (code, details, storeCode, maybeApplied, reason) => {
    const cause = Object.assign(new Error(`${code} ${details}`), { code, details });
    const failure = callFailureOf(cause, 'etcd-1:2379');
    expect(failure.error.code).toBe(storeCode);
    expect(failure.error.reason).toBe(reason);
    expect(failure.error.message).toContain('etcd-1:2379');
    expect(failure.error.message).toContain(details);
    expect(failure.error.cause).toBe(cause);
    expect(failure.maybeApplied).toBe(maybeApplied);
    expect(callFailureOf(cause, 'etcd-1:2379', false).maybeApplied, 'before the request was sent').toBe(false);
  });

  it('says what to do about a full database', () => {
    const cause = Object.assign(new Error(), { code: 8, details: 'etcdserver: mvcc: database space exceeded' });
    expect(callFailureOf(cause, 'h').error.message).toContain('etcdctl alarm disarm');
  });
});
