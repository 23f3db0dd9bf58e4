import { CallFailure, readStream, sleep } from '@statemanager/grpc-call';
import type { CallScopes, GrpcCodeName } from '@statemanager/grpc-call';
import { v1 } from '@statemanager/proto';
import { attemptOf, EarlierAttempts, errorOf } from './failure.ts';
import { checkEncodes, maxAnswerBytes } from './failover.ts';
import type { Failover } from './failover.ts';
import { read } from './options.ts';
import type { RetryOptions, WatchOptions } from './options.ts';
import type { Replica, Replicas } from './replicas.ts';
import { Pacing } from './retry.ts';
import type { WatchFilter } from './state-manager-client.ts';
import { WatchReader } from './watched.ts';
import type { Watched } from './watched.ts';

const METHOD = v1.StateService.method.watchResources;

/** What a watch rests on. */
export interface WatchParts {
  readonly replicas: Replicas;
  readonly failover: Failover;
  readonly scopes: CallScopes;
  readonly retry: Required<RetryOptions>;
}

/** Answers that every replica would give, and give again. */
const FINAL: ReadonlySet<GrpcCodeName> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'UNIMPLEMENTED',
]);

/** A snapshot and every change after it, over as many connections as it takes. */
export async function* watch(
  { replicas, failover, scopes, retry }: WatchParts,
  filter: WatchFilter,
  { signal: callerSignal, afterRevision = 0n }: WatchOptions,
): AsyncGenerator<Watched, never> {
  if (typeof afterRevision !== 'bigint' || afterRevision < 0n) {
    throw read.invalid('afterRevision', afterRevision, 'a bigint from 0');
  }
  checkEncodes(METHOD.input, { filter, afterRevision });
  const scope = scopes.enter(callerSignal);
  const { signal } = scope;
  const pacing = new Pacing(replicas.count, retry);
  let revision = afterRevision;
  let isUp = false;
  try {
    for (;;) {
      const replica = replicas.current;
      const reader = new WatchReader(revision);
      const terms = { signal, deadlineMs: undefined, headers: failover.headers(), maxAnswerBytes };
      let loss: Loss = { reason: 'it ended the watch', isBroken: false, metadata: new Headers() };
      try {
        const request = { filter, afterRevision: revision };
        for await (const response of readStream(replica.connection, METHOD, request, terms)) {
          if (!isUp) replicas.works(replica);
          isUp = true;
          pacing.reset();
          const watched = reader.read(response);
          if (watched !== undefined) yield watched;
        }
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        loss = lossOf(error, replica);
      }
      revision = reader.revision;
      replicas.leave(replica, loss.isBroken);
      if (isUp) yield { type: 'lost', reason: `${replica.connection.origin}: ${loss.reason}` };
      isUp = false;
      // A watch has no deadline: where a replica asks for no second try, there is one, after the longest wait.
      await sleep(pacing.nextMs(loss.metadata) ?? retry.maxDelayMs, signal);
    }
  } finally {
    scope.leave();
  }
}

/** Why a connection of a watch ended. */
interface Loss {
  readonly reason: string;
  readonly isBroken: boolean;
  readonly metadata: Headers;
}

/** What a failure means for a watch. Throws its error if every replica would answer so. */
function lossOf(failure: CallFailure, replica: Replica): Loss {
  const { grpcCode, message: reason, metadata } = failure;
  const attempt = attemptOf(failure);
  if (grpcCode === undefined || !FINAL.has(grpcCode)) return { reason, isBroken: attempt.isBroken, metadata };
  const attempts = new EarlierAttempts();
  attempts.note(replica.connection.origin, attempt);
  throw errorOf(METHOD.name, attempt, attempts);
}
