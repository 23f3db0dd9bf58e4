import { textOf } from '@statemanager/grpc-call';
import type { CallFailure } from '@statemanager/grpc-call';
import { ActionClientError } from './error.ts';

/** Which attempt failed, for its message. */
export interface FailedCall {
  origin: string;
  method: string;
  deadlineMs: number;
}

/** The error of a failed attempt. */
export function failureOf(failure: CallFailure, call: FailedCall): ActionClientError {
  const { fate, cause } = failure;
  switch (fate) {
    case 'unsent':
      return unreachable(call.origin, cause);
    case 'not_begun':
      return notBegun(cause, call);
    case 'out_of_time':
      return deadlineExceeded(cause, call);
    case 'interrupted':
      return interrupted(failure, call);
    case 'answered':
      return refused(failure, call);
  }
}

/** No connection: the call was not sent. */
export function unreachable(origin: string, cause: unknown): ActionClientError {
  return new ActionClientError(
    'unreachable',
    `ActionController at ${origin} cannot be reached (${textOf(cause)}), nothing was sent: ` +
      'check that it runs and that the address is right, then try again',
    { cause },
  );
}

/** An answer without a gRPC error, but with a status other than 0. */
export function refusedByStatus(method: string, status: number, text: string): ActionClientError {
  return new ActionClientError(
    'refused',
    `ActionController refused ${method} with status ${status}: ${text || '(no text)'}; ` +
      'the same call will be refused again until the cause is removed',
    { status, text },
  );
}

/** The caller's signal was aborted. */
export function cancelled(cause: unknown): ActionClientError {
  return new ActionClientError(
    'cancelled',
    `the caller's signal ended the call (${textOf(cause)}); if it had been sent, it may have been done`,
    { cause },
  );
}

/** The client was closed, before or during the call. */
export function closed(when: string): ActionClientError {
  return new ActionClientError('closed', `this client cannot be used any more, ${when}: create a new one`);
}

function notBegun(cause: unknown, call: FailedCall): ActionClientError {
  const message = `ActionController at ${call.origin} is going away and did not begin ${call.method}: try again`;
  return new ActionClientError('unreachable', message, { cause });
}

function deadlineExceeded(cause: unknown, call: FailedCall): ActionClientError {
  return new ActionClientError(
    'deadline_exceeded',
    `ActionController at ${call.origin} did not answer ${call.method} within ${call.deadlineMs} ms and may still do it: ` +
      'ask again only what may be done twice, or allow more with deadlineMs',
    { cause },
  );
}

function refused({ grpcCode, text, cause, message }: CallFailure, call: FailedCall): ActionClientError {
  const passes = grpcCode === 'UNAVAILABLE' || grpcCode === 'RESOURCE_EXHAUSTED';
  const advice = passes ? 'try again later' : 'the same call will be refused again until the cause is removed';
  return new ActionClientError(
    'refused',
    `ActionController refused ${call.method} with ${message}; ${advice}`,
    // What an answer lacks, the error does not have either.
    { cause, ...(grpcCode === undefined ? {} : { grpcCode }), ...(text === undefined ? {} : { text }) },
  );
}

function interrupted({ message, cause }: CallFailure, call: FailedCall): ActionClientError {
  return new ActionClientError(
    'interrupted',
    `the connection to ActionController at ${call.origin} was lost (${message}) ` +
      `after ${call.method} was sent, and it may have been received: ask again only what may be done twice`,
    { cause },
  );
}
