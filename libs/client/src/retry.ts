import { waitsMs } from '@statemanager/grpc-call';
import type { GrpcCodeName } from '@statemanager/grpc-call';
import type { StateManagerClientErrorCode } from './error.ts';
import type { RetryOptions } from './options.ts';

/**
 * What a call allows: `once` must not be done twice, `repeatable` does no harm when it is, and a `change` is told by its
 * transition id.
 */
export type CallKind = 'once' | 'repeatable' | 'change';

/** Which calls are repeated after a failed attempt. */
export type Repeated = 'every call' | 'what may be repeated' | 'state changes' | 'no call';

/** What a failed attempt may lead to. */
export interface RetryRule {
  code: StateManagerClientErrorCode;
  grpcCodes?: readonly GrpcCodeName[];
  /** Only answers of a replica that says that it did nothing because it does not lead. */
  notLeading?: true;
  repeated: Repeated;
}

/** First match wins. The README has the same table, and a test compares them. */
export const retryRules: readonly RetryRule[] = [
  { code: 'unreachable', repeated: 'every call' },
  { code: 'interrupted', repeated: 'what may be repeated' },
  { code: 'deadline_exceeded', repeated: 'what may be repeated' },
  { code: 'refused', grpcCodes: ['UNAVAILABLE'], notLeading: true, repeated: 'every call' },
  { code: 'refused', grpcCodes: ['UNAVAILABLE', 'ABORTED'], repeated: 'what may be repeated' },
  { code: 'refused', grpcCodes: ['RESOURCE_EXHAUSTED'], repeated: 'state changes' },
  { code: 'refused', repeated: 'no call' },
];

/** A failed attempt, as far as the rules ask. */
export interface FailedAttempt {
  code: StateManagerClientErrorCode;
  grpcCode?: GrpcCodeName | undefined;
  notLeading?: boolean;
}

/** Whether a call of this kind is repeated after such an attempt. */
export function mayRepeat({ code, grpcCode, notLeading = false }: FailedAttempt, kind: CallKind): boolean {
  const fits = (rule: RetryRule): boolean =>
    rule.code === code &&
    (rule.grpcCodes === undefined || (grpcCode !== undefined && rule.grpcCodes.includes(grpcCode))) &&
    (rule.notLeading === undefined || notLeading);
  switch (retryRules.find(fits)?.repeated ?? 'no call') {
    case 'every call':
      return true;
    case 'what may be repeated':
      return kind !== 'once';
    case 'state changes':
      return kind === 'change';
    case 'no call':
      return false;
  }
}

/** gRPC's own way to say when to try again, in milliseconds; what is no such number says never. */
const PUSHBACK = 'grpc-retry-pushback-ms';

/** When to try again: at once as long as a replica was not asked yet, and after a growing wait when all were. */
export class Pacing {
  readonly #replicasCount: number;
  readonly #retry: Required<RetryOptions>;
  #waits: Generator<number, never>;
  #failuresCount = 0;

  constructor(replicasCount: number, retry: Required<RetryOptions>) {
    this.#replicasCount = replicasCount;
    this.#retry = retry;
    this.#waits = waitsMs(retry.initialDelayMs, retry.maxDelayMs);
  }

  /** Forgets what failed. */
  reset(): void {
    if (this.#failuresCount === 0) return;
    this.#failuresCount = 0;
    this.#waits = waitsMs(this.#retry.initialDelayMs, this.#retry.maxDelayMs);
  }

  /** How long to wait after a failure whose answer had this metadata; undefined if it is not to be repeated. */
  nextMs(metadata: Headers): number | undefined {
    this.#failuresCount += 1;
    const pushback = metadata.get(PUSHBACK);
    if (pushback !== null) return /^\d{1,9}$/.test(pushback) ? Number(pushback) : undefined;
    return this.#failuresCount % this.#replicasCount === 0 ? this.#waits.next().value : 0;
  }
}
