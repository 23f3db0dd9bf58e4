import type { Span, Tracer } from '@opentelemetry/api';
import type { DecidedBatch } from '../engine/decide-batch.ts';
import { contextOf, isRecorded } from './contexts.ts';
import { transactionDetails } from './details.ts';
import { wallTime } from './span-clock.ts';
import type { Cause } from './tracing.ts';

/** So many other inputs a transaction's span names; how many there are is always said. */
const MAX_LINKS_COUNT = 32;

/**
 * Begins the spans of a transaction, one in each trace that takes part, by the trace's id. Inputs of many callers share a
 * transaction, and each caller's trace has to show the way to its end. The first span links to what was decided in other
 * traces, and theirs link to the first, so that it can be told that they are one transaction.
 */
export function beginCommits(tracer: Tracer, decided: DecidedBatch): ReadonlyMap<string, Span> {
  const parts = new Map<string, Cause[]>();
  for (const { decidedAs } of decided.outcomes.keys()) {
    if (!isRecorded(decidedAs)) continue;
    const part = parts.get(decidedAs.traceId);
    if (part === undefined) parts.set(decidedAs.traceId, [decidedAs]);
    else part.push(decidedAs);
  }
  const startTime = wallTime();
  const spans = new Map<string, Span>();
  let first: Cause | undefined;
  for (const [traceId, [parent, ...more]] of parts) {
    const others = first === undefined ? othersThan(traceId, parts) : [first];
    const links = [...more, ...others].slice(0, MAX_LINKS_COUNT).map((context) => ({ context }));
    const attributes = transactionDetails(decided, parts.size);
    const span = tracer.startSpan('commit', { attributes, links, startTime }, contextOf(parent));
    first ??= span.spanContext();
    spans.set(traceId, span);
  }
  return spans;
}

function othersThan(traceId: string, parts: ReadonlyMap<string, readonly Cause[]>): readonly Cause[] {
  return [...parts].flatMap(([id, causes]) => (id === traceId ? [] : causes));
}
