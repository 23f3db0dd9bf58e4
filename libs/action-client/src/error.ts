import type { GrpcCodeName } from '@statemanager/grpc-call';

/**
 * Why a call failed. The list is closed.
 *
 * - `unreachable`: there was no connection, or the peer said that it did not look at the call. It was surely not done.
 * - `interrupted`: the call was sent, and the connection was lost before the answer. It may have been done.
 * - `deadline_exceeded`: the call was sent, and its time ran out before the answer. It may have been done.
 * - `refused`: it was answered, with a gRPC error (`grpcCode`) or a status other than 0 (`status`); `text` says why.
 * - `cancelled`: the caller's signal ended it. If it had been sent, it may have been done.
 * - `circuit_open`: the circuit breaker kept it back. It was not sent.
 * - `closed`: the client was closed before or during the call. If it had been sent, it may have been done.
 * - `invalid_argument`: an option or a field is not usable; nothing was sent. A mistake in the calling program.
 */
export type ActionClientErrorCode =
  | 'unreachable'
  | 'interrupted'
  | 'deadline_exceeded'
  | 'refused'
  | 'cancelled'
  | 'circuit_open'
  | 'closed'
  | 'invalid_argument';

/** What an error knows beside its code and message. */
export interface ActionClientErrorDetails {
  cause?: unknown;
  grpcCode?: GrpcCodeName;
  status?: number;
  text?: string;
}

/** The only error that this library throws on purpose. The message says what to do; `cause` is for logs. */
export class ActionClientError extends Error {
  override readonly name = 'ActionClientError';
  /** What kind of failure it is. */
  readonly code: ActionClientErrorCode;
  /** With `refused`: the gRPC status code of the answer, unless the answer was a `status` other than 0. */
  readonly grpcCode: GrpcCodeName | undefined;
  /** With `refused`: the answer's status, if the call came back without a gRPC error and with a status other than 0. */
  readonly status: number | undefined;
  /** With `refused`: what ActionController said, in its own words. */
  readonly text: string | undefined;

  constructor(code: ActionClientErrorCode, message: string, details: ActionClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.grpcCode = details.grpcCode;
    this.status = details.status;
    this.text = details.text;
  }
}
