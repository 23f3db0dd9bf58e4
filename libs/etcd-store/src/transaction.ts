import type { Commit, Guard, Operation } from '@statemanager/state-store';
import type { ICompare, IRequestOp, ITxnRequest } from 'etcd3';
import type { Keys } from './keys.ts';

/**
 * What etcd's default limit (`--max-txn-ops`) allows: a transaction uses as many as the longest of its lists has, and
 * each transaction inside it has the rest.
 */
const OPERATIONS_MAX = 128;

/** The whole commit as one transaction of etcd: guards outside, operations nested as deep as the limit needs. */
export function transactionOf(commit: Commit, keys: Keys): ITxnRequest {
  const operations = commit.operations.map((operation) => operationOf(operation, keys));
  return {
    compare: commit.guards.map((guard) => compareOf(guard, keys)),
    success: nested(operations, OPERATIONS_MAX, commit.guards.length),
  };
}

/** Packs operations into at most `allowed`, in a transaction that has `guardCount` guards already. */
function nested(operations: readonly IRequestOp[], allowed: number, guardCount: number): IRequestOp[] {
  if (operations.length <= allowed) return [...operations];
  const groupCount = groupCountOf(operations.length, allowed, guardCount);
  const groupSize = Math.ceil(operations.length / groupCount);
  const rest = allowed - Math.max(groupCount, guardCount);
  return Array.from({ length: Math.ceil(operations.length / groupSize) }, (_, i) => {
    const group = operations.slice(i * groupSize, (i + 1) * groupSize);
    return { request_txn: { compare: [], success: nested(group, rest, 0), failure: [] } };
  });
}

/** The fewest groups that need no further level; or, with many guards, as many as the guards cost anyway. */
function groupCountOf(count: number, allowed: number, guardCount: number): number {
  for (let groups = 2; groups < allowed; groups += 1) {
    if (groups * (allowed - Math.max(groups, guardCount)) >= count) return groups;
  }
  return Math.max(guardCount, 2);
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
