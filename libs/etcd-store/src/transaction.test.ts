import { MAX_COMMIT_GUARDS, MAX_COMMIT_OPERATIONS } from '@statemanager/state-store';
import type { Guard, Operation } from '@statemanager/state-store';
import type { IRequestOp, ITxnRequest } from 'etcd3';
import { describe, expect, it } from 'vitest';
import { Keys } from './keys.ts';
import { transactionOf } from './transaction.ts';

describe('the transaction of a commit', () => {
  it("keeps etcd's limit and the order of its operations, whatever the numbers", () => {
    for (const guards of [0, 1, 2, 28, 63, 64, 65, 99, MAX_COMMIT_GUARDS]) {
      for (const count of [0, 1, 27, 28, 29, 126, 127, 128, 129, 130, 1000, 2801, 4095, MAX_COMMIT_OPERATIONS]) {
        const transaction = transactionOf({ guards: absent(guards), operations: puts(count) }, new Keys(''));
        const what = `${count} operations under ${guards} guards`;
        expect(exceeds(transaction, 128), what).toBe(false);
        expect(transaction.compare, what).toHaveLength(guards);
        expect(keysOf(transaction.success), what).toEqual(puts(count).map(({ key }) => key));
      }
    }
  });

  it('has a put that counts for the quota: etcd does not look for one in the transactions inside', () => {
    for (const count of [1, 128, 129, 4033, MAX_COMMIT_OPERATIONS]) {
      const { success = [] } = transactionOf({ guards: absent(1), operations: puts(count) }, new Keys(''));
      expect(String(success[0]?.request_put?.key), `${count} operations`).toBe('/k/0');
    }
  });

  it('has one level inside for 4,033 operations', () => {
    const { success = [] } = transactionOf({ guards: absent(1), operations: puts(4033) }, new Keys(''));
    const inside = success.flatMap(({ request_txn: group }) => group?.success ?? []);
    expect(inside.filter((operation) => operation.request_put !== undefined)).toHaveLength(4032);
  });

  it('does not nest what fits', () => {
    const { success } = transactionOf({ guards: absent(100), operations: puts(128) }, new Keys(''));
    expect(success?.every((operation) => operation.request_put !== undefined)).toBe(true);
  });
});

/** etcd's own rule: a transaction uses up as many as its longest list, and what is inside it has the rest. */
function exceeds({ compare = [], success = [], failure = [] }: ITxnRequest, limit: number): boolean {
  const used = Math.max(compare.length, success.length, failure.length);
  if (used > limit) return true;
  return success.some(({ request_txn: inner }) => inner !== undefined && exceeds(inner, limit - used));
}

function keysOf(operations: readonly IRequestOp[] = []): string[] {
  return operations.flatMap((operation) => {
    return operation.request_txn ? keysOf(operation.request_txn.success) : [String(operation.request_put?.key)];
  });
}

function absent(count: number): Guard[] {
  return Array.from({ length: count }, (_, i) => ({ key: `/guard/${i}`, value: null }));
}

function puts(count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => ({ type: 'put', key: `/k/${i}`, value: '' }));
}
