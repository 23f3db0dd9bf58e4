import type { GrpcCodeName } from '@statemanager/grpc-call';

/**
 * Why a call failed. The list is closed.
 *
 * - `unreachable`: no replica could be reached, or none took it. It was surely not done.
 * - `interrupted`: it was sent, and the connection was lost before the answer.
 * - `deadline_exceeded`: it was sent, and its time ran out before the answer.
 * - `refused`: it was answered with a gRPC error (`grpcCode`); `text` says why.
 * - `cancelled`: the caller's signal ended it.
 * - `closed`: the client was closed before or during the call.
 * - `invalid_argument`: an option or a field is not usable; nothing was sent. A mistake in the calling program.
 */
export type StateManagerClientErrorCode =
  'unreachable' | 'interrupted' | 'deadline_exceeded' | 'refused' | 'cancelled' | 'closed' | 'invalid_argument';

/** What an error knows beside its code and message. */
export interface StateManagerClientErrorDetails {
  cause?: unknown;
  grpcCode?: GrpcCodeName | undefined;
  text?: string | undefined;
  mayHaveBeenDone?: boolean;
}

/** The only error that this library throws on purpose. The message says what to do; `cause` is for logs. */
export class StateManagerClientError extends Error {
  override readonly name = 'StateManagerClientError';
  /** What kind of failure it is: that of the last attempt, except that `unreachable` is said only of all of them. */
  readonly code: StateManagerClientErrorCode;
  /** With `refused`: the gRPC status code of the answer. */
  readonly grpcCode: GrpcCodeName | undefined;
  /** With `refused`: what StateManager said, in its own words. */
  readonly text: string | undefined;
  /** False if it is sure that no attempt had an effect. */
  readonly mayHaveBeenDone: boolean;

  constructor(code: StateManagerClientErrorCode, message: string, details: StateManagerClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.grpcCode = details.grpcCode;
    this.text = details.text;
    this.mayHaveBeenDone = details.mayHaveBeenDone ?? false;
  }
}
