import { Etcd3 } from 'etcd3';
import type { IResponseOp, ITxnResponse } from 'etcd3';
import { describe, expect, it } from 'vitest';
import { withoutResponses } from './transaction-answer.ts';

interface TransactionMethod {
  readonly responseSerialize: (answer: object) => Buffer;
  readonly responseDeserialize: (message: Buffer) => ITxnResponse;
}

class Host extends Etcd3 {
  /** etcd3's own encoder and decoder of what a transaction answers. */
  transactionMethod(): Promise<TransactionMethod> {
    return this.pool.withConnection('KV', ({ client }) => {
      const { service } = client.constructor as unknown as { readonly service: { readonly Txn: TransactionMethod } };
      return service.Txn;
    });
  }
}

const wire = await new Host({ hosts: '127.0.0.1:1' }).transactionMethod();

const HEADER = { cluster_id: '14841639068965178418', member_id: '10276657743932975437', raft_term: '4' };

describe('the answer to a transaction without what its operations say', () => {
  it('says all the rest, whatever its length', () => {
    for (const count of [0, 1, 2, 64, 127, 128]) {
      for (const revision of ['1', '127', '128', '2097152', '9007199254740991']) {
        for (const succeeded of [true, false]) {
          const header = { ...HEADER, revision };
          const whole = wire.responseSerialize({ header, succeeded, responses: answers(count, revision) });
          const short = withoutResponses(whole);
          expect(wire.responseDeserialize(short)).toEqual({ ...wire.responseDeserialize(whole), responses: [] });
          expect(short.length).toBeLessThan(64);
        }
      }
    }
  });

  it('does not depend on the order in which etcd writes it', () => {
    const [first, second] = [
      wire.responseSerialize({ succeeded: true, responses: answers(3, '5') }),
      wire.responseSerialize({ header: { ...HEADER, revision: '6' }, responses: answers(2, '6') }),
    ];
    const answer = wire.responseDeserialize(withoutResponses(Buffer.concat([first, second])));
    expect(answer).toMatchObject({ succeeded: true, header: { revision: '6' }, responses: [] });
  });

  it('leaves what is no message to the decoder', () => {
    const whole = wire.responseSerialize({
      header: { ...HEADER, revision: '7' },
      succeeded: true,
      responses: answers(2, '7'),
    });
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      const decode = (message: Buffer): unknown => {
        try {
          return { ...wire.responseDeserialize(message), responses: [] };
        } catch {
          return 'refused';
        }
      };
      expect(decode(withoutResponses(cut)), `the first ${length} bytes`).toEqual(decode(cut));
    }
    for (const odd of [Buffer.from([0x1b]), Buffer.from([0x1a, 0x05]), Buffer.alloc(12, 0xff)]) {
      expect(withoutResponses(odd)).toBe(odd);
    }
  });
});

/** Answers as a commit gets them: one of a put by itself, and transactions with many. */
function answers(count: number, revision: string): IResponseOp[] {
  const put = { response_put: { header: { revision } } } as unknown as IResponseOp;
  const inside = { header: {}, succeeded: true, responses: Array.from({ length: 40 }, () => put) };
  const group = { response_txn: inside } as unknown as IResponseOp;
  return Array.from({ length: count }, (_, i) => (i === 0 ? put : group));
}
