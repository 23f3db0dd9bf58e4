import { textOf } from '@statemanager/grpc-call';
import type { CallFailure, Fate, GrpcCodeName } from '@statemanager/grpc-call';
import { StateManagerClientError } from './error.ts';
import type { StateManagerClientErrorCode } from './error.ts';
import type { FailedAttempt } from './retry.ts';

/** In a refusal: nothing was done, because who was asked does not lead. */
const NOT_LEADING = 'statemanager-not-leading';

/** What says nothing of whether it was done: it passes, or something broke on the way. */
const UNCERTAIN: ReadonlySet<GrpcCodeName> = new Set([
  'UNAVAILABLE',
  'ABORTED',
  'CANCELLED',
  'UNKNOWN',
  'INTERNAL',
  'DATA_LOSS',
]);

const CODES: Readonly<Record<Fate, StateManagerClientErrorCode>> = {
  unsent: 'unreachable',
  not_begun: 'unreachable',
  out_of_time: 'deadline_exceeded',
  interrupted: 'interrupted',
  answered: 'refused',
};

/** One attempt that failed. */
export interface Attempt extends FailedAttempt {
  readonly mayHaveBeenDone: boolean;
  /** Whether the replica, and not the call, is the matter. */
  readonly isBroken: boolean;
  readonly failure: CallFailure;
}

/** What a failure means. */
export function attemptOf(failure: CallFailure): Attempt {
  const { fate, grpcCode, metadata } = failure;
  const code = CODES[fate];
  const notLeading = metadata.has(NOT_LEADING);
  const isUncertain = grpcCode !== undefined && UNCERTAIN.has(grpcCode) && !notLeading;
  const mayHaveBeenDone = fate === 'interrupted' || fate === 'out_of_time' || isUncertain;
  const isBroken = fate === 'unsent' || fate === 'not_begun' || fate === 'interrupted';
  return { code, grpcCode, notLeading, mayHaveBeenDone, isBroken, failure };
}

/** The error of a call: of its last attempt, and of what the attempts before it may have done. */
export function errorOf(method: string, last: Attempt, earlier: EarlierAttempts): StateManagerClientError {
  const { failure, grpcCode } = last;
  const mayHaveBeenDone = last.mayHaveBeenDone || earlier.mayHaveBeenDone;
  // That nobody could be reached in the end does not undo what was sent before.
  const code = last.code === 'unreachable' && mayHaveBeenDone ? 'interrupted' : last.code;
  const advice = mayHaveBeenDone ? 'it may have been done' : 'nothing was done';
  return new StateManagerClientError(code, `${SENTENCES[code]} ${method}: ${earlier.summary}; ${advice}`, {
    cause: failure,
    mayHaveBeenDone,
    ...(code === 'refused' ? { grpcCode, text: failure.text } : {}),
  });
}

const SENTENCES: Readonly<Record<StateManagerClientErrorCode, string>> = {
  unreachable: 'no StateManager could be reached for',
  interrupted: 'the connection was lost during',
  deadline_exceeded: 'no StateManager answered in time',
  refused: 'StateManager refused',
  cancelled: '',
  closed: '',
  invalid_argument: '',
};

/** What is known of the attempts of one call. */
export class EarlierAttempts {
  readonly #texts = new Map<string, string>();
  mayHaveBeenDone = false;

  /** Notes a failed attempt at a replica. */
  note(origin: string, attempt: Attempt): void {
    this.#texts.delete(origin);
    this.#texts.set(origin, attempt.failure.message);
    this.mayHaveBeenDone ||= attempt.mayHaveBeenDone;
  }

  /** What each replica said last. */
  get summary(): string {
    return [...this.#texts].map(([origin, text]) => `${origin}: ${text}`).join(', ');
  }
}

/** The caller's signal was aborted. */
export function cancelled(cause: unknown): StateManagerClientError {
  const message = `the caller's signal ended the call (${textOf(cause)}); if it had been sent, it may have been done`;
  return new StateManagerClientError('cancelled', message, { cause, mayHaveBeenDone: true });
}

/** The client was closed, before or during the call. */
export function closed(when: string): StateManagerClientError {
  const message = `this client cannot be used any more, ${when}: create a new one`;
  return new StateManagerClientError('closed', message, { mayHaveBeenDone: true });
}
