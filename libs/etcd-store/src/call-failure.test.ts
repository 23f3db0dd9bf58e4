import { describe, expect, it } from 'vitest';
import { callFailureOf } from './call-failure.ts';

/** What gRPC and etcd say, what the store makes of it, and whether the request may have been applied. */
const SAYINGS: readonly [number, string, string, boolean][] = [
  [14, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1', 'unavailable', false],
  [14, 'Name resolution failed for target dns:nowhere:2379', 'unavailable', false],
  [14, 'Channel closed before call started', 'unavailable', false],
  [14, 'Connection dropped', 'unavailable', true],
  [14, 'read ECONNRESET', 'unavailable', true],
  [14, 'etcdserver: no leader', 'unavailable', false],
  [14, 'etcdserver: request timed out', 'unavailable', true],
  [14, 'etcdserver: request timed out, possibly due to previous leader failure', 'unavailable', true],
  [14, 'etcdserver: server stopped', 'unavailable', true],
  [4, 'Deadline exceeded after 5.001s,Waiting for LB pick', 'unavailable', false],
  [
    4,
    'Deadline exceeded after 5.001s,name resolution: 0.001s,LB pick: 0.003s,remote_addr=127.0.0.1:1',
    'unavailable',
    true,
  ],
  [1, 'Cancelled on client', 'unavailable', true],
  [2, 'raft proposal dropped', 'unavailable', true],
  [13, 'Received RST_STREAM with code 2', 'unavailable', true],
  [3, 'etcdserver: request is too large', 'too_large', false],
  [3, 'etcdserver: duplicate key given in txn request', 'invalid_argument', false],
  [8, 'grpc: received message larger than max (3000000 vs. 2097152)', 'too_large', false],
  [8, 'Received message larger than max (3000000 vs 2097152)', 'too_large', true],
  [8, 'etcdserver: too many requests', 'unavailable', false],
  [8, 'etcdserver: mvcc: database space exceeded', 'unavailable', true],
  [11, 'etcdserver: mvcc: required revision has been compacted', 'compacted', false],
  [11, 'etcdserver: mvcc: required revision is a future revision', 'invalid_argument', false],
  [7, 'etcdserver: permission denied', 'unavailable', false],
];

describe('a failed call', () => {
  it.each(SAYINGS)('%i %s', (code, details, storeCode, maybeApplied) => {
    const cause = Object.assign(new Error(`${code} ${details}`), { code, details });
    const failure = callFailureOf(cause, 'etcd-1:2379');
    expect(failure.error.code).toBe(storeCode);
    expect(failure.error.message).toContain('etcd-1:2379');
    expect(failure.error.message).toContain(details);
    expect(failure.error.cause).toBe(cause);
    expect(failure.maybeApplied).toBe(maybeApplied);
  });
});
