import { sleep, waitsMs } from '@statemanager/grpc-call';
import type { GrpcCodeName } from '@statemanager/grpc-call';
import { ActionClientError } from './error.ts';
import type { ActionClientErrorCode } from './error.ts';
import type { RetryOptions } from './options.ts';

/** Which calls are repeated after a failure. */
export type Repeated = 'every call' | 'idempotent calls' | 'no call';

/** What a failure may lead to: one line for every code, and only `refused` asks for the gRPC code too. */
export interface RetryRule {
  code: ActionClientErrorCode;
  grpcCodes?: readonly GrpcCodeName[];
  repeated: Repeated;
}

/** First match wins. The README has the same table, and a test compares them. */
export const retryRules: readonly RetryRule[] = [
  { code: 'unreachable', repeated: 'every call' },
  { code: 'interrupted', repeated: 'idempotent calls' },
  { code: 'deadline_exceeded', repeated: 'idempotent calls' },
  { code: 'refused', grpcCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'], repeated: 'every call' },
  { code: 'refused', repeated: 'no call' },
  { code: 'cancelled', repeated: 'no call' },
  { code: 'circuit_open', repeated: 'no call' },
  { code: 'closed', repeated: 'no call' },
  { code: 'invalid_argument', repeated: 'no call' },
];

/**
 * Runs attempts until one succeeds, one fails for good, or their number is used up; rejects as the last one did.
 * cockatiel draws the waits; the loop is ours because its own cannot be cancelled while it waits.
 */
export async function retrying<T>(
  retry: false | Required<RetryOptions>,
  call: { idempotent: boolean; signal: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  if (retry === false) return await attempt();
  const waits = waitsMs(retry.initialDelayMs, retry.maxDelayMs);
  for (let attemptsCount = 1; ; attemptsCount += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (attemptsCount >= retry.maxAttempts || !mayRepeat(error, call.idempotent)) throw error;
    }
    await sleep(waits.next().value, call.signal);
  }
}

/** Whether a call that failed so is repeated. */
export function mayRepeat(error: unknown, idempotent: boolean): boolean {
  if (!(error instanceof ActionClientError)) return false;
  const rule = retryRules.find(({ code, grpcCodes }) => code === error.code && includes(grpcCodes, error.grpcCode));
  return rule?.repeated === 'every call' || (rule?.repeated === 'idempotent calls' && idempotent);
}

function includes(codes: readonly GrpcCodeName[] | undefined, code: GrpcCodeName | undefined): boolean {
  return codes === undefined || (code !== undefined && codes.includes(code));
}
