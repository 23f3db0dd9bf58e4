import { isSpanContextValid, ROOT_CONTEXT, trace, TraceFlags, type Context } from '@opentelemetry/api';
import type { Cause } from './tracing.ts';

/** A cause as OpenTelemetry passes it on; the beginning of a trace if there is none. */
export function contextOf(cause: Cause | undefined): Context {
  return cause === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, cause);
}

/** Whether somebody records the trace that something is a part of. */
export function isRecorded(cause: Cause | undefined): cause is Cause {
  return cause !== undefined && isSpanContextValid(cause) && (cause.traceFlags & TraceFlags.SAMPLED) !== 0;
}
