import { constants } from 'node:http2';
import { Code } from '@connectrpc/connect';
import type { ConnectError } from '@connectrpc/connect';
import type { AttemptTerms, Trace } from './attempt.ts';
import { ActionClientError, textOf } from './error.ts';
import type { GrpcCodeName } from './error.ts';

/** Which attempt failed, for its message. */
export interface FailedCall extends AttemptTerms {
  origin: string;
  method: string;
}

/** Names a failed attempt, by what was seen on the wire: the first line that holds. */
export function failureOf(reason: ConnectError, trace: Trace, call: FailedCall): ActionClientError {
  if (call.signal.reason instanceof ActionClientError) return call.signal.reason;
  if (trace.stream === undefined) return unreachable(call.origin, unsentCause(reason, trace, call));
  if (isOutOfTime(reason)) return deadlineExceeded(reason, call);
  if (wasAnswered(reason, trace)) return refused(reason, trace, call);
  if (wasNotLookedAt(trace.stream)) return notBegun(reason, call);
  return interrupted(reason, trace.link?.failure, call);
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

function notBegun(cause: ConnectError, call: FailedCall): ActionClientError {
  const message = `ActionController at ${call.origin} is going away and did not begin ${call.method}: try again`;
  return new ActionClientError('unreachable', message, { cause });
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

function unsentCause(reason: ConnectError, trace: Trace, call: FailedCall): unknown {
  if (isOutOfTime(reason))
    return new Error(`no connection within the deadline of ${call.deadlineMs} ms`, { cause: reason });
  return trace.connectFailure ?? reason;
}

/** Servers that watch the deadline themselves say so, and tonic says it with CANCELLED. Nobody else cancels our calls. */
function isOutOfTime(reason: ConnectError): boolean {
  return reason.code === Code.DeadlineExceeded || (reason.code === Code.Canceled && carriesStatus(reason));
}

function deadlineExceeded(reason: ConnectError, call: FailedCall): ActionClientError {
  return new ActionClientError(
    'deadline_exceeded',
    `ActionController at ${call.origin} did not answer ${call.method} within ${call.deadlineMs} ms and may still do it: ` +
      'ask again only what may be done twice, or allow more with deadlineMs',
    { cause: reason },
  );
}

/** Whether what failed is the answer itself, and not the way to it. */
function wasAnswered(reason: ConnectError, trace: Trace): boolean {
  if (carriesStatus(reason) || trace.statusSeen) return true;
  if (trace.response === undefined) return false;
  if (!isGrpc(trace.response)) return true;
  // What is left is an answer that was cut, or one that we gave up reading.
  return !trace.lost && trace.stream?.readableEnded !== true;
}

function carriesStatus(reason: ConnectError): boolean {
  return reason.metadata.has('grpc-status');
}

function isGrpc(response: NonNullable<Trace['response']>): boolean {
  return response[':status'] === 200 && response['content-type']?.startsWith('application/grpc') === true;
}

function refused(reason: ConnectError, trace: Trace, call: FailedCall): ActionClientError {
  const readable = carriesStatus(reason) || trace.response?.[':status'] !== 200;
  // An answer that we cannot read has no code of its own, and must not look like one that invites to try again.
  const grpcCode = readable ? grpcCodes[reason.code] : 'INTERNAL';
  const text = reason.rawMessage;
  const advice =
    grpcCode === 'UNAVAILABLE' || grpcCode === 'RESOURCE_EXHAUSTED'
      ? 'try again later'
      : 'the same call will be refused again until the cause is removed';
  return new ActionClientError(
    'refused',
    `ActionController refused ${call.method} with ${grpcCode}: ${text || '(no text)'}; ${advice}`,
    { cause: reason, grpcCode, text },
  );
}

/** The connection ended with the call still queued on our side, or the peer says that it did not begin it. */
function wasNotLookedAt(stream: NonNullable<Trace['stream']>): boolean {
  return stream.id === undefined || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
}

function interrupted(reason: ConnectError, linkFailure: Error | undefined, call: FailedCall): ActionClientError {
  return new ActionClientError(
    'interrupted',
    `the connection to ActionController at ${call.origin} was lost (${textOf(linkFailure ?? reason.cause ?? reason)}) ` +
      `after ${call.method} was sent, and it may have been received: ask again only what may be done twice`,
    { cause: linkFailure ?? reason },
  );
}

const grpcCodes: Record<Code, GrpcCodeName> = {
  [Code.Canceled]: 'CANCELLED',
  [Code.Unknown]: 'UNKNOWN',
  [Code.InvalidArgument]: 'INVALID_ARGUMENT',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
  [Code.NotFound]: 'NOT_FOUND',
  [Code.AlreadyExists]: 'ALREADY_EXISTS',
  [Code.PermissionDenied]: 'PERMISSION_DENIED',
  [Code.ResourceExhausted]: 'RESOURCE_EXHAUSTED',
  [Code.FailedPrecondition]: 'FAILED_PRECONDITION',
  [Code.Aborted]: 'ABORTED',
  [Code.OutOfRange]: 'OUT_OF_RANGE',
  [Code.Unimplemented]: 'UNIMPLEMENTED',
  [Code.Internal]: 'INTERNAL',
  [Code.Unavailable]: 'UNAVAILABLE',
  [Code.DataLoss]: 'DATA_LOSS',
  [Code.Unauthenticated]: 'UNAUTHENTICATED',
};
