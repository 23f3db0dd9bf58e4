import type { UnaryCalls } from './etcd-calls.ts';
import { withoutResponses } from './transaction-answer.ts';

/** Which of etcd's services has a call. */
export const SERVICE_OF = {
  range: 'KV',
  put: 'KV',
  deleteRange: 'KV',
  txn: 'KV',
  compact: 'KV',
  leaseGrant: 'Lease',
  leaseRevoke: 'Lease',
  status: 'Maintenance',
  authenticate: 'Auth',
} as const satisfies Record<keyof UnaryCalls, string>;

/** How a call goes over the wire. */
export interface UnaryMethod<C extends keyof UnaryCalls> {
  readonly path: string;
  readonly requestSerialize: (request: UnaryCalls[C]['request']) => Buffer;
  readonly responseDeserialize: (message: Buffer) => UnaryCalls[C]['response'];
}

/** How etcd3 has a call go over the wire, given its client for the call's service. */
export function unaryMethodOf<C extends keyof UnaryCalls>(client: object, name: C): UnaryMethod<C> {
  const { service } = client.constructor as unknown as { readonly service: Record<string, UnaryMethod<C>> };
  const method = service[`${name.charAt(0).toUpperCase()}${name.slice(1)}`] as UnaryMethod<C>;
  if (name !== 'txn') return method;
  return {
    ...method,
    requestSerialize: (request) => (Buffer.isBuffer(request) ? request : method.requestSerialize(request)),
    responseDeserialize: (message) => method.responseDeserialize(withoutResponses(message)),
  };
}
