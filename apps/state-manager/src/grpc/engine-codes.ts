import { Code, ConnectError } from '@connectrpc/connect';
import type { EngineError, EngineErrorCode } from '../engine/engine-error.ts';
import { nobodyLeads } from '../replicas/leader-link.ts';

const ENGINE_CODES: Readonly<Record<EngineErrorCode, Code>> = {
  queue_full: Code.ResourceExhausted,
  store_unavailable: Code.Unavailable,
  cancelled: Code.Canceled,
  too_large: Code.ResourceExhausted,
  not_leading: Code.Unavailable,
  stopping: Code.Unavailable,
  internal: Code.Internal,
};

/** An engine's failure as a gRPC status. */
export function toStatus(error: EngineError): ConnectError {
  if (error.code === 'not_leading') return nobodyLeads(error.message);
  return new ConnectError(error.message, ENGINE_CODES[error.code], undefined, undefined, error);
}
