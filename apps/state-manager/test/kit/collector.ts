import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./collector-process.ts', import.meta.url));

/** A span as a collector was sent it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** What its service is called. */
  readonly service: unknown;
}

/** A collector of traces that runs in a process of its own. */
export interface Collector {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` has to say. */
  readonly url: string;
  /** Where it writes what it is sent: OTLP, one request a line. */
  readonly file: string;
  /** Everything that it was sent so far. */
  spans(): readonly CollectedSpan[];
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts one. */
export async function startCollector(): Promise<Collector> {
  const folder = mkdtempSync(join(tmpdir(), 'collector-'));
  const file = join(folder, 'traces.jsonl');
  const child = spawn(process.execPath, [ENTRY, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: first.toString().trim(),
    file,
    spans: () => readSpans(file),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan extends Omit<CollectedSpan, 'attributes' | 'events' | 'links'> {
  readonly attributes?: readonly OtlpAttribute[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly OtlpAttribute[] }[];
  readonly links?: CollectedSpan['links'];
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

function readSpans(file: string): readonly CollectedSpan[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  // The last line may still be written.
  const requests = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as OtlpRequest);
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => read(span, valuesOf(resource.attributes)['service.name']))),
    ),
  );
}

function read(span: OtlpSpan, service: unknown): CollectedSpan {
  const { traceId, spanId, parentSpanId = '', name, attributes = [], events = [], links = [] } = span;
  const told = events.map((event) => ({ name: event.name, attributes: valuesOf(event.attributes ?? []) }));
  return { traceId, spanId, parentSpanId, name, attributes: valuesOf(attributes), events: told, links, service };
}

/** Whole numbers may be texts in OTLP's JSON. */
function valuesOf(attributes: readonly OtlpAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, 'intValue' in value ? Number(value.intValue) : Object.values(value)[0]]),
  );
}
