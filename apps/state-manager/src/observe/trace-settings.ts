/** How a sampler may be called; see OpenTelemetry's specification. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

/** Where traces go. */
export type ExporterName = 'http/protobuf' | 'http/json' | 'console';

/** What the environment says of traces. What is about one exporter alone, such as its endpoint, that reads itself. */
export interface TraceSettings {
  readonly exporters: readonly ExporterName[];
  readonly sampler: SamplerName;
  /** The share of traces that are recorded, where the sampler asks for one. */
  readonly ratio: number;
  readonly batch: BatchSettings;
}

/** How many spans are sent together, and how often. */
export interface BatchSettings {
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
}

const MAX_MS = 3_600_000;

/** So many spans may wait to be sent, whatever is said: they are held in memory. */
const MAX_SPANS_COUNT = 65_536;

/** Reads the settings; undefined if nothing is to be traced. Every problem is said, and what has one is its default. */
export function readTraceSettings(env: NodeJS.ProcessEnv): {
  readonly settings: TraceSettings | undefined;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  if (text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { settings: undefined, problems };
  const exporters = readExporters(text, problems);
  if (exporters.length === 0) return { settings: undefined, problems };
  const number = (name: string, standard: number, least: number, most: number): number => {
    const said = text(name);
    if (said === undefined) return standard;
    const value = Number(said);
    if (value >= least && value <= most) return value;
    problems.push(`${name}: ${said} is not a number from ${least} to ${most}; ${standard} is taken`);
    return standard;
  };
  const settings = {
    exporters,
    sampler: readSampler(text('OTEL_TRACES_SAMPLER'), problems),
    ratio: number('OTEL_TRACES_SAMPLER_ARG', 1, 0, 1),
    batch: {
      scheduledDelayMillis: number('OTEL_BSP_SCHEDULE_DELAY', 5000, 0, MAX_MS),
      exportTimeoutMillis: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000, 1, MAX_MS),
      maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE', 2048, 1, MAX_SPANS_COUNT),
      maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1, MAX_SPANS_COUNT),
    },
  };
  return { settings, problems };
}

type TextOf = (name: string) => string | undefined;

function readExporters(text: TextOf, problems: string[]): readonly ExporterName[] {
  const endpoint = text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? text('OTEL_EXPORTER_OTLP_ENDPOINT');
  const named = text('OTEL_TRACES_EXPORTER') ?? (endpoint === undefined ? 'none' : 'otlp');
  const exporters = new Set<ExporterName>();
  for (const name of named.split(',').map((one) => one.trim())) {
    if (name === 'console') exporters.add('console');
    else if (name === 'otlp') {
      const protocol = readProtocol(text, problems);
      if (protocol !== undefined && isUsable(endpoint, problems)) exporters.add(protocol);
    } else if (name !== 'none') problems.push(`OTEL_TRACES_EXPORTER: ${name} is not one of otlp, console, none`);
  }
  return [...exporters];
}

/** The exporter would take another endpoint instead of one that cannot be used, and say nothing. */
function isUsable(endpoint: string | undefined, problems: string[]): boolean {
  if (endpoint === undefined || (URL.canParse(endpoint) && /^https?:/i.test(endpoint))) return true;
  // Not what it says: a user and a password may be part of it.
  problems.push('OTEL_EXPORTER_OTLP_ENDPOINT: is no URL of http or https; nothing is sent');
  return false;
}

/** How OTLP is spoken; undefined if that cannot be done, because another protocol also means another port. */
function readProtocol(text: TextOf, problems: string[]): ExporterName | undefined {
  const protocol = text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? text('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  problems.push(`OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} is not one of http/protobuf, http/json; nothing is sent`);
  return undefined;
}

function readSampler(named: string | undefined, problems: string[]): SamplerName {
  const standard = 'parentbased_always_on';
  if (named === undefined) return standard;
  const sampler = SAMPLERS.find((one) => one === named);
  if (sampler === undefined) problems.push(`OTEL_TRACES_SAMPLER: ${named} is not one of ${SAMPLERS.join(', ')}`);
  return sampler ?? standard;
}
