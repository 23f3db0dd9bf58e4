/** One line of what Prometheus reads. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a process exposes. */
export interface Exposed {
  /** By the name at the beginning of the line: of a histogram those with `_bucket`, `_sum` and `_count`. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** By the name of the metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  /** The number with exactly these labels; undefined if there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const LINE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i;

/** Reads Prometheus' text format. Throws at a line that is none. */
export function parseMetrics(text: string): Exposed {
  const samples = new Map<string, Sample[]>();
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what !== undefined) {
      (what === 'TYPE' ? types : helps).set(name, rest);
      continue;
    }
    const [, sample = '', labels = '', value = ''] = LINE.exec(line) ?? [];
    if (sample === '') throw new Error(`no line of Prometheus' format: ${line}`);
    const of = samples.get(sample) ?? [];
    samples.set(sample, [...of, { labels: readLabels(labels), value: Number(value.replace('Inf', 'Infinity')) }]);
  }
  return {
    samples,
    types,
    helps,
    value: (name, labels = {}) => samples.get(name)?.find((sample) => keyOf(sample.labels) === keyOf(labels))?.value,
  };
}

/** What a process exposes at this moment. */
export async function scrape(address: string): Promise<Exposed> {
  const response = await fetch(`http://${address}/metrics`);
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
  return parseMetrics(await response.text());
}

/** What `/readyz` says, and with which status. */
export async function readyz(address: string): Promise<{
  readonly status: number;
  readonly body: {
    readonly ready: boolean;
    readonly role: string;
    readonly reasons: readonly string[];
    readonly store: { readonly state: string };
    readonly revision: number;
  };
}> {
  const response = await fetch(`http://${address}/readyz`);
  return { status: response.status, body: (await response.json()) as Awaited<ReturnType<typeof readyz>>['body'] };
}

function readLabels(text: string): Record<string, string> {
  const labels = text.matchAll(/([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/gi);
  return Object.fromEntries([...labels].map(([, name = '', value = '']): [string, string] => [name, value]));
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name] ?? ''}`)
    .join();
}
