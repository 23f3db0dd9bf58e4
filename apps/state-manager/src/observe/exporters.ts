import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';
import type { ExporterName } from './trace-settings.ts';

/** Opens what sends traces in one way. It reads its own `OTEL_EXPORTER_OTLP_*`. Throws if those cannot be used. */
export async function openExporter(name: ExporterName, log: Logger): Promise<SpanExporter> {
  if (name === 'console') return new LogExporter(log);
  const { OTLPTraceExporter } =
    name === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new QuietExporter(new OTLPTraceExporter(), log);
}

/** Says once that spans cannot be sent, and once that they can be again. */
class QuietExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #log: Logger;
  #isFailing = false;

  constructor(exporter: SpanExporter, log: Logger) {
    this.#exporter = exporter;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#note(result);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  #note({ code, error }: ExportResult): void {
    const isFailing = code !== ExportResultCode.SUCCESS;
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    if (!isFailing) this.#log.info('traces are taken again');
    // Not the whole error: it may hold what was sent, and how whoever sends it says who it is.
    else this.#log.warn({ problem: reasonOf(error) }, 'traces are not taken; spans are lost until they are');
  }
}

function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  if (error === undefined) return 'unknown';
  const code = typeof error.code === 'string' || typeof error.code === 'number' ? `${error.code}: ` : '';
  return `${code}${error.message}`.slice(0, 256);
}

/** Spans as lines of the log: standard output is the log's alone. */
class LogExporter implements SpanExporter {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext();
      const [seconds, nanos] = span.duration;
      this.#log.info(
        {
          ...{ span: span.name, traceId, spanId, parentSpanId: span.parentSpanContext?.spanId },
          ...{ durationMs: seconds * 1000 + nanos / 1e6, attributes: span.attributes, status: span.status },
          links: span.links.map(({ context }) => context.traceId),
        },
        'span',
      );
    }
    done({ code: ExportResultCode.SUCCESS });
  }

  async shutdown(): Promise<void> {
    // Whoever opened the log ends it.
  }
}
