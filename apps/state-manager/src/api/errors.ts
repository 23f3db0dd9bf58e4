import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import type { Rejection, RejectionCode } from '@statemanager/state-machine';
import { StoreError, UnreadableValueError } from '@statemanager/state-store';
import { EngineError } from '../engine/engine-error.ts';
import { toStatus } from '../grpc/engine-codes.ts';
import { FieldError } from '../read/field-error.ts';
import { WatchEndedError } from '../read/watch.ts';

const REJECTION_CODES: Readonly<Record<RejectionCode, Code>> = {
  invalid_request: Code.InvalidArgument,
  resource_not_found: Code.NotFound,
  invalid_state_transition: Code.FailedPrecondition,
  precondition_failed: Code.FailedPrecondition,
  resource_unavailable: Code.ResourceExhausted,
  permission_denied: Code.PermissionDenied,
};

/** Turns what goes wrong inside into a gRPC status, with a machine-readable detail where a field is to blame. */
export function toConnectError(error: unknown): unknown {
  if (error instanceof FieldError) {
    const { field, problem, allowedValues } = error;
    const detail = { desc: v1.FieldProblemSchema, value: { field, problem, allowedValues: [...allowedValues] } };
    return new ConnectError(error.message, Code.InvalidArgument, undefined, [detail]);
  }
  if (error instanceof EngineError) return toStatus(error);
  if (error instanceof WatchEndedError) return new ConnectError(error.message, Code.Unavailable);
  if (error instanceof UnreadableValueError) return new ConnectError(error.message, Code.DataLoss);
  if (error instanceof StoreError) return new ConnectError(error.message, codeOfStore(error));
  return error;
}

/** Trying again helps only against what passes. */
function codeOfStore({ code }: StoreError): Code {
  if (code === 'too_large' || code === 'invalid_argument') return Code.ResourceExhausted;
  return code === 'corrupt' ? Code.DataLoss : Code.Unavailable;
}

/** A refusal of the rules, as an error of the call. */
export function rejected({ code, details }: Rejection): ConnectError {
  return new ConnectError(details, REJECTION_CODES[code]);
}

export function notFound(what: string): ConnectError {
  return new ConnectError(`${what} is not known`, Code.NotFound);
}

/** Runs a handler, and turns what it throws into a gRPC status. */
export async function answering<T>(handle: () => Promise<T> | T): Promise<T> {
  try {
    return await handle();
  } catch (error) {
    throw toConnectError(error);
  }
}
