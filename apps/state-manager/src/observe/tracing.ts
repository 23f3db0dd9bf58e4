import type { SpanContext } from '@opentelemetry/api';
import type { DecidedBatch, Outcome } from '../engine/decide-batch.ts';
import type { Entry } from '../engine/input-queue.ts';
import type { Logger } from '../log.ts';
import { readTraceSettings } from './trace-settings.ts';

/** What something is a part of: a place in a trace. */
export type Cause = SpanContext;

/** What a span says of itself. */
export type Details = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Reads a header of a call. */
export type HeaderOf = (name: string) => string | undefined;

/** A call that came in. */
export interface ServedCall {
  /** The path of its method. */
  readonly path: string;
  readonly header: HeaderOf;
  readonly details: Details;
}

/** A call that goes out. */
export interface AskedCall {
  /** The path of its method. */
  readonly path: string;
  readonly details: Details;
}

/** Makes a call, with headers that say what it is a part of. */
export type Ask<T> = (headers: Readonly<Record<string, string>>) => Promise<T>;

/**
 * What the service says of its work to whoever collects traces. Where nobody does there is none of it: everything that
 * could say something asks only whether it is undefined.
 */
export interface Tracing {
  /** What is being done at this moment is a part of this; undefined: of nothing that is traced. */
  readonly cause: Cause | undefined;
  /** The headers that tell whoever is called what the call is a part of. */
  headersOf(cause: Cause | undefined): Readonly<Record<string, string>>;
  /** Answers a call: whatever it leads to is a part of it. */
  serve<T>(call: ServedCall, answer: () => Promise<T>, describe?: (answered: T) => Details): Promise<T>;
  /**
   * Notes a call that was answered at once, begun at `began` on the monotonic clock: only one whose caller records its
   * trace, because nearly all calls are such.
   */
  confirmed(call: ServedCall, began: number): void;
  /** Notes that an input was decided, begun at `began` on the monotonic clock. */
  decided(entry: Entry<Outcome>, outcome: Outcome, began: number): void;
  /** Commits a transaction: a part of every trace that one of its inputs is a part of. */
  commit<T extends { readonly revision: number }>(decided: DecidedBatch, commit: () => Promise<T>): Promise<T>;
  /** Asks somebody for what is being done at this moment. */
  ask<T>(call: AskedCall, ask: Ask<T>, describe: (answered: T) => Details): Promise<T>;
  /** Asks for the reconcile of an intent: in the trace of what made the intent if it is for the first time. */
  askFor<T extends Asked>(intent: string, call: AskedCall, ask: Ask<T>): Promise<T>;
  /** Sends what is left, for at most so long. Throws nothing. */
  close(withinMs: number): Promise<void>;
}

/** How asking for a reconcile went. */
export interface Asked {
  readonly outcome: string;
  readonly detail: string;
}

/**
 * Begins to trace if the environment says where to (`OTEL_*`). Nothing of OpenTelemetry is loaded otherwise. What is wrong
 * there is said in the log and keeps nothing else from working: these settings are often those of a whole machine.
 */
export async function openTracing(env: NodeJS.ProcessEnv, log: Logger): Promise<Tracing | undefined> {
  const { settings, problems } = readTraceSettings(env);
  for (const problem of problems) log.warn({ problem }, 'a setting of traces cannot be used');
  if (settings === undefined) return undefined;
  try {
    const { openSpans } = await import('./spans.ts');
    const tracing = await openSpans(settings, log);
    log.info({ exporters: settings.exporters, sampler: settings.sampler }, 'traces are sent');
    return tracing;
  } catch (error) {
    log.warn({ err: error }, 'traces cannot be sent');
    return undefined;
  }
}
