import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, trace, type Context, type Link, type Span, type Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { DecidedBatch, Outcome } from '../engine/decide-batch.ts';
import type { Entry } from '../engine/input-queue.ts';
import type { Logger } from '../log.ts';
import { askedDetails, failAsked, failServed, nameOf, OK, servedDetails } from './call-status.ts';
import { beginCommits } from './commit-spans.ts';
import { contextOf, isRecorded } from './contexts.ts';
import { detailsOf, MAX_TOLD_COUNT, transitionDetails } from './details.ts';
import { openExporter } from './exporters.ts';
import { IntentCauses } from './intent-causes.ts';
import { openProvider } from './provider.ts';
import { wallTime, wallTimeOf } from './span-clock.ts';
import type { TraceSettings } from './trace-settings.ts';
import type { Ask, Asked, AskedCall, Cause, Details, HeaderOf, ServedCall, Tracing } from './tracing.ts';

/** Opens what makes and sends spans. Throws if an endpoint cannot be used. */
export async function openSpans(settings: TraceSettings, log: Logger): Promise<Tracing> {
  const exporters = await Promise.all(settings.exporters.map((name) => openExporter(name, log)));
  const provider = openProvider(settings, exporters);
  return new Spans(provider.getTracer('state-manager'), () => provider.shutdown());
}

/** Makes the spans. What is being done at a moment is known by Node's asynchronous contexts, and only here. */
export class Spans implements Tracing {
  readonly #tracer: Tracer;
  readonly #shutDown: () => Promise<void>;
  readonly #running = new AsyncLocalStorage<Cause>();
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #intents = new IntentCauses();

  constructor(tracer: Tracer, shutDown: () => Promise<void>) {
    this.#tracer = tracer;
    this.#shutDown = shutDown;
  }

  get cause(): Cause | undefined {
    return this.#running.getStore();
  }

  headersOf(cause: Cause | undefined): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    const set = (carrier: Record<string, string>, name: string, value: string): void => void (carrier[name] = value);
    this.#propagator.inject(contextOf(cause), headers, { set });
    return headers;
  }

  async serve<T>(call: ServedCall, answer: () => Promise<T>, describe?: (answered: T) => Details): Promise<T> {
    const options = { kind: SpanKind.SERVER, attributes: servedDetails(call), startTime: wallTime() };
    const span = this.#tracer.startSpan(nameOf(call.path), options, this.#continued(call.header));
    try {
      const answered = await this.#running.run(span.spanContext(), answer);
      span.setAttributes({ ...OK, ...describe?.(answered) });
      return answered;
    } catch (error) {
      failServed(span, error);
      throw error;
    } finally {
      span.end(wallTime());
    }
  }

  confirmed(call: ServedCall, began: number): void {
    const context = this.#continued(call.header);
    if (!isRecorded(trace.getSpanContext(context))) return;
    const attributes = { ...servedDetails(call), ...OK, 'statemanager.outcome': 'unchanged' };
    const span = this.#tracer.startSpan(
      nameOf(call.path),
      { kind: SpanKind.SERVER, attributes, startTime: wallTimeOf(began) },
      context,
    );
    span.end(wallTime());
  }

  decided(entry: Entry<Outcome>, outcome: Outcome, began: number): void {
    const { input, cause } = entry;
    const transitions = outcome.accepted ? outcome.transitions : [];
    entry.decidedAs = undefined;
    // What nobody asked for begins a trace only where it moves something.
    if (cause === undefined && transitions.length === 0) return;
    const options = { attributes: detailsOf(input, outcome), startTime: wallTimeOf(began) };
    const span = this.#tracer.startSpan(`decide ${input.type}`, options, contextOf(cause));
    const ended = wallTime();
    if (span.isRecording()) {
      for (const transition of transitions.slice(0, MAX_TOLD_COUNT)) {
        span.addEvent('transition', transitionDetails(transition), ended);
      }
    }
    span.end(ended);
    entry.decidedAs = span.spanContext();
  }

  async commit<T extends { readonly revision: number }>(decided: DecidedBatch, commit: () => Promise<T>): Promise<T> {
    const spans = beginCommits(this.#tracer, decided);
    try {
      const committed = await commit();
      for (const span of spans.values()) span.setAttribute('statemanager.revision', committed.revision);
      this.#noteIntents(decided, spans);
      return committed;
    } catch (error) {
      for (const span of spans.values()) failAsked(span, error);
      throw error;
    } finally {
      for (const span of spans.values()) span.end(wallTime());
    }
  }

  ask<T>(call: AskedCall, ask: Ask<T>, describe: (answered: T) => Details): Promise<T> {
    return this.#ask(call, contextOf(this.cause), [], ask, (span, answered) => {
      span.setAttributes({ ...OK, ...describe(answered) });
    });
  }

  askFor<T extends Asked>(intent: string, call: AskedCall, ask: Ask<T>): Promise<T> {
    const { cause, isFirst } = this.#intents.ask(intent) ?? {};
    const context = contextOf(isFirst ? cause : undefined);
    const links = cause === undefined || isFirst ? [] : [{ context: cause }];
    return this.#ask(call, context, links, ask, (span, { outcome, detail }) => {
      span.setAttribute('statemanager.outcome', outcome);
      if (outcome === 'accepted') span.setAttributes(OK);
      else failAsked(span, new Error(detail));
    });
  }

  async close(withinMs: number): Promise<void> {
    const ended = new AbortController();
    const late = sleep(withinMs, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([this.#shutDown().catch(() => undefined), late]);
    ended.abort();
  }

  async #ask<T>(
    call: AskedCall,
    context: Context,
    links: Link[],
    ask: Ask<T>,
    note: (span: Span, answered: T) => void,
  ): Promise<T> {
    const options = { kind: SpanKind.CLIENT, attributes: askedDetails(call), links, startTime: wallTime() };
    const span = this.#tracer.startSpan(nameOf(call.path), options, context);
    try {
      const answered = await ask(this.headersOf(span.spanContext()));
      note(span, answered);
      return answered;
    } catch (error) {
      failAsked(span, error);
      throw error;
    } finally {
      span.end(wallTime());
    }
  }

  #noteIntents({ outcomes }: DecidedBatch, commits: ReadonlyMap<string, Span>): void {
    for (const [{ decidedAs }, outcome] of outcomes) {
      if (decidedAs === undefined || !outcome.accepted || outcome.changes === undefined) continue;
      this.#intents.note(outcome.changes, commits.get(decidedAs.traceId)?.spanContext() ?? decidedAs);
    }
  }

  /** What a call's caller says that it is a part of. */
  #continued(header: HeaderOf): Context {
    const get = (read: HeaderOf, name: string): string | undefined => read(name);
    return this.#propagator.extract(ROOT_CONTEXT, header, { get, keys: () => [] });
  }
}
