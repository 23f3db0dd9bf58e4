import { Code } from '@connectrpc/connect';
import type { EngineError, EngineErrorCode } from '../engine/engine-error.ts';

const ENGINE_CODES: Readonly<Record<EngineErrorCode, Code>> = {
  queue_full: Code.ResourceExhausted,
  store_unavailable: Code.Unavailable,
  cancelled: Code.Canceled,
  too_large: Code.ResourceExhausted,
  stopping: Code.Unavailable,
  internal: Code.Internal,
};

/** The gRPC status of an engine's failure. */
export function codeOf({ code }: EngineError): Code {
  return ENGINE_CODES[code];
}
