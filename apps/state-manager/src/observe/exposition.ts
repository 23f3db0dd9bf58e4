import { Counter, Gauge, type Registry } from 'prom-client';
import type { Metric, Sources } from './metric.ts';
import { METRICS } from './metrics.ts';

/** Has a registry read every metric of {@link METRICS} whenever it is asked. */
export function registerMetrics(registry: Registry, sources: Sources): void {
  for (const metric of METRICS) register(metric, registry, sources);
}

function register({ name, type, help, labels = [], read }: Metric, registry: Registry, sources: Sources): void {
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'gauge') {
    new Gauge({
      ...common,
      collect() {
        fill(this, read(sources), (labelled, value) => this.set(labelled, value));
      },
    });
    return;
  }
  new Counter({
    ...common,
    collect() {
      fill(this, read(sources), (labelled, value) => this.inc(labelled, value));
    },
  });
}

function fill(
  metric: { reset(): void; remove(labels: object): void },
  values: ReturnType<Metric['read']>,
  put: (labels: Record<string, string>, value: number) => void,
): void {
  metric.reset();
  // A metric without labels is 0 after that; one that has nothing to tell has to say nothing.
  if (values === undefined) metric.remove({});
  else if (typeof values === 'number') put({}, values);
  else for (const [labels, value] of values) put(labels, value);
}
