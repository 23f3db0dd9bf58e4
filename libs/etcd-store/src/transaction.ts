import type { Commit, Guard, Operation } from '@statemanager/state-store';
import type { ICompare, IRequestOp, ITxnRequest } from 'etcd3';
import type { Keys } from './keys.ts';

/**
 * What etcd's default limit (`--max-txn-ops`) allows: a transaction uses as many as the longest of its lists has, and
 * each transaction inside it has the rest.
 */
const OPERATIONS_MAX = 128;

/**
 * The whole commit as one transaction of etcd: guards outside, operations nested as deep as the limit needs.
 *
 * A first operation that is a put is never nested. etcd compares its size with its quota only for a transaction that
 * puts something, and does not look into the transactions inside: with everything nested, its file would grow beyond the
 * quota until somebody else's put raised the alarm.
 */
export function transactionOf(commit: Commit, keys: Keys): ITxnRequest {
  const operations = commit.operations.map((operation) => operationOf(operation, keys));
  const counted = commit.operations[0]?.type === 'put' && operations.length > OPERATIONS_MAX ? 1 : 0;
  const level: Level = { allowed: OPERATIONS_MAX, guards: commit.guards.length, beside: counted };
  return {
    compare: commit.guards.map((guard) => compareOf(guard, keys)),
    success: [...operations.slice(0, counted), ...nested(operations.slice(counted), level)],
  };
}

/** A transaction that operations are packed into. */
interface Level {
  /** What it may use up, with all that is inside it. */
  readonly allowed: number;
  /** The guards that it has already. */
  readonly guards: number;
  /** The operations that it has already. */
  readonly beside: number;
}

function nested(operations: readonly IRequestOp[], level: Level): IRequestOp[] {
  const { allowed, guards, beside } = level;
  if (operations.length + beside <= allowed) return [...operations];
  const groupCount = groupCountOf(operations.length, level);
  const groupSize = Math.ceil(operations.length / groupCount);
  const rest = allowed - Math.max(groupCount + beside, guards);
  return Array.from({ length: Math.ceil(operations.length / groupSize) }, (_, i) => {
    const group = operations.slice(i * groupSize, (i + 1) * groupSize);
    const success = nested(group, { allowed: rest, guards: 0, beside: 0 });
    return { request_txn: { compare: [], success, failure: [] } };
  });
}

/** The fewest groups that need no further level; or, with many guards, as many as the guards cost anyway. */
function groupCountOf(count: number, { allowed, guards, beside }: Level): number {
  for (let groups = 2; groups < allowed - beside; groups += 1) {
    if (groups * (allowed - Math.max(groups + beside, guards)) >= count) return groups;
  }
  return Math.max(guards - beside, 2);
}

function operationOf(operation: Operation, keys: Keys): IRequestOp {
  const key = keys.bytesOf(operation.key);
  if (operation.type === 'delete') return { request_delete_range: { key } };
  return { request_put: { key, value: Buffer.from(operation.value) } };
}

function compareOf(guard: Guard, keys: Keys): ICompare {
  const key = keys.bytesOf(guard.key);
  if ('revision' in guard) return { key, result: 'Equal', target: 'Mod', mod_revision: guard.revision };
  if (guard.value === null) return { key, result: 'Equal', target: 'Mod', mod_revision: 0 };
  return { key, result: 'Equal', target: 'Value', value: Buffer.from(guard.value) };
}
