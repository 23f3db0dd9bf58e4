import { constants } from 'node:http2';
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { Code } from '@connectrpc/connect';
import type { ConnectError } from '@connectrpc/connect';
import { CallFailure } from './call-failure.ts';
import type { GrpcCodeName } from './grpc-code.ts';
import type { Link } from './link.ts';
import { textOf } from './text-of.ts';

/** What is known of one call on the wire; from this, and not from texts, its failure is named. */
export interface Trace {
  /** The call's stream, once it was handed to the connection. */
  stream: ClientHttp2Stream | undefined;
  /** The connection that it was handed to. */
  link: Link | undefined;
  /** Why there was no connection. */
  connectFailure: unknown;
  response: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  /** Whether the answer's gRPC status arrived. */
  statusSeen: boolean;
  /** Whether the stream ended by itself, and not because we gave it up. */
  lost: boolean;
}

/** Names a failed call, by what was seen on the wire: the first line that holds. */
export function failureOf(reason: ConnectError, trace: Trace, deadlineMs: number | undefined): CallFailure {
  if (trace.stream === undefined) return failed('unsent', reason, unsentCause(reason, trace, deadlineMs));
  if (isOutOfTime(reason)) return failed('out_of_time', reason, reason);
  if (wasAnswered(reason, trace)) return answered(reason, trace);
  if (wasNotLookedAt(trace.stream)) return failed('not_begun', reason, reason);
  const cause = trace.link?.failure ?? reason;
  const message = textOf(trace.link?.failure ?? reason.cause ?? reason);
  return new CallFailure('interrupted', cause, { message, metadata: reason.metadata });
}

function failed(fate: 'unsent' | 'not_begun' | 'out_of_time', reason: ConnectError, cause: unknown): CallFailure {
  return new CallFailure(fate, cause, { message: textOf(cause), metadata: reason.metadata });
}

function unsentCause(reason: ConnectError, trace: Trace, deadlineMs: number | undefined): unknown {
  if (isOutOfTime(reason)) return new Error(`no connection within the deadline of ${deadlineMs} ms`, { cause: reason });
  return trace.connectFailure ?? reason;
}

/** Servers that watch the deadline themselves say so, and tonic says it with CANCELLED. Nobody else cancels our calls. */
function isOutOfTime(reason: ConnectError): boolean {
  return reason.code === Code.DeadlineExceeded || (reason.code === Code.Canceled && carriesStatus(reason));
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

function answered(reason: ConnectError, trace: Trace): CallFailure {
  const readable = carriesStatus(reason) || trace.response?.[':status'] !== 200;
  // An answer that we cannot read has no code of its own, and must not look like one that invites to try again.
  const grpcCode = readable ? grpcCodes[reason.code] : 'INTERNAL';
  const text = reason.rawMessage;
  const message = `${grpcCode}: ${text || '(no text)'}`;
  return new CallFailure('answered', reason, { message, metadata: reason.metadata, grpcCode, text });
}

/** The connection ended with the call still queued on our side, or the peer says that it did not begin it. */
function wasNotLookedAt(stream: ClientHttp2Stream): boolean {
  return stream.id === undefined || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
}

const grpcCodes: Readonly<Record<Code, GrpcCodeName>> = {
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
