import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DecidedBatch } from '../engine/decide-batch.ts';
import { beginCommits } from './commit-spans.ts';
import type { Cause } from './tracing.ts';

const exporter = new InMemorySpanExporter();
const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test');

/** What was decided in some traces. */
function decidedIn(causes: readonly (Cause | undefined)[]): DecidedBatch {
  const outcomes = new Map(causes.map((decidedAs) => [{ decidedAs }, {}]));
  return { outcomes, batch: { transitions: [], operationsCount: 3 } } as unknown as DecidedBatch;
}

let spans = 0;

function cause(trace: string, traceFlags = 1): Cause {
  return { traceId: trace.repeat(32), spanId: String((spans += 1)).padStart(16, '0'), traceFlags };
}

function commit(causes: readonly (Cause | undefined)[]): readonly ReadableSpan[] {
  for (const span of beginCommits(tracer, decidedIn(causes)).values()) span.end();
  return exporter.getFinishedSpans();
}

const linked = (span: ReadableSpan | undefined): unknown => span?.links.map(({ context }) => context.spanId);

describe('the spans of a transaction', () => {
  beforeEach(() => exporter.reset());

  it('are none if nothing in it is traced', () => {
    expect(commit([undefined, cause('a', 0)])).toEqual([]);
  });

  it('are one in a trace, below its first input and linked to the others', () => {
    const [first, second] = [cause('a'), cause('a')];
    const [span, ...more] = commit([first, second]);
    expect(more).toEqual([]);
    expect(span?.parentSpanContext?.spanId).toBe(first.spanId);
    expect(linked(span)).toEqual([second.spanId]);
  });

  it('are one in each trace that takes part, and lead to each other', () => {
    const [a, b, more] = [cause('a'), cause('b'), cause('b')];
    const [first, second] = commit([a, undefined, b, more, cause('c', 0)]);
    expect([first?.parentSpanContext?.spanId, second?.parentSpanContext?.spanId]).toEqual([a.spanId, b.spanId]);
    expect(linked(first)).toEqual([b.spanId, more.spanId]);
    expect(linked(second)).toEqual([more.spanId, first?.spanContext().spanId]);
    expect(second?.attributes).toEqual({
      'statemanager.inputs.count': 5,
      'statemanager.traces.count': 2,
      'statemanager.transitions.count': 0,
      'statemanager.operations.count': 3,
    });
  });

  it('name no more than so many others', () => {
    const [span] = commit(Array.from({ length: 500 }, () => cause('a')));
    expect(span?.links).toHaveLength(32);
    expect(span?.attributes['statemanager.inputs.count']).toBe(500);
  });
});
