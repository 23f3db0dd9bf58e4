import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HISTOGRAMS } from '../../src/observe/histograms.ts';
import { METRICS } from '../../src/observe/metrics.ts';
import { scrape, type Exposed } from '../kit/metrics.ts';
import { rowsOf } from '../kit/markdown.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { namesIn } from './promql.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
const operations = read('docs/operations.md');
const rules = parse(read('deploy/prometheus/alerts.yaml')) as { groups: { name: string; rules: Alert[] }[] };
const alerts = rules.groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/statemanager.json')) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

/** What Prometheus adds to whatever it scrapes. */
const ADDED = ['job', 'instance'];

/** Labels that come with what was not seen yet, or with the format. */
const BUCKET = 'le';

let service: StateManagerProcess;
let exposed: Exposed;

beforeAll(async () => {
  service = await startStateManager(['--store', 'memory:']);
  await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  exposed = await scrape(service.address);
});

afterAll(() => service.kill());

/** The metric that a name in an expression belongs to. */
function metricOf(name: string): string {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  return exposed.types.get(family) === 'histogram' ? family : name;
}

/** The labels that a metric can have. */
function labelsOf(name: string): ReadonlySet<string> {
  const declared = METRICS.find((metric) => metric.name === name)?.labels ?? [];
  const seen = (exposed.samples.get(name) ?? []).flatMap(({ labels }) => Object.keys(labels));
  const ofGc = name.startsWith('nodejs_gc_duration_seconds') ? ['kind'] : [];
  return new Set([...declared, ...seen, ...ofGc, ...(name.endsWith('_bucket') ? [BUCKET] : [])]);
}

function check(expression: string, more: readonly string[] = []): void {
  const { metrics, labels, values } = namesIn(expression);
  expect(metrics).not.toEqual([]);
  for (const name of metrics) expect(exposed.types.has(metricOf(name)), `${name} is exposed`).toBe(true);
  const known = new Set([...ADDED, ...metrics.flatMap((name) => [...labelsOf(name)])]);
  for (const label of [...labels, ...more]) expect(known, `${label} is a label of ${metrics.join()}`).toContain(label);
  for (const { metric, label, values: wanted } of values) {
    const there = (exposed.samples.get(metric) ?? []).map((sample) => sample.labels[label]);
    for (const value of wanted) expect(there, `${metric} has ${label} ${value}`).toContain(value);
  }
}

describe('deploy/prometheus/alerts.yaml', () => {
  it.each(alerts)('$alert names what there is, and how to go on', ({ expr, labels, annotations }) => {
    check(expr);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/./);
    const [file, anchor] = annotations.runbook?.split('#') ?? [];
    expect(file).toBe('docs/operations.md');
    expect(anchorsOf(operations)).toContain(anchor);
    const mentioned = Object.values(annotations).flatMap((text) => [...text.matchAll(/\$labels\.(\w+)/g)]);
    for (const [, label = ''] of mentioned) check(expr, [label]);
  });

  it('has each alert once', () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(9);
  });
});

describe('deploy/grafana/statemanager.json', () => {
  it.each(queries)('$title: $legendFormat', ({ expr, legendFormat }) => {
    check(
      expr,
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    );
  });

  it('its variables are of metrics that there are', () => {
    const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    expect(definitions).toHaveLength(2);
    for (const definition of definitions) {
      const [, query = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      check(query, [label]);
    }
  });

  it('shows every metric of ours', () => {
    const shown = new Set(queries.flatMap(({ expr }) => namesIn(expr).metrics.map(metricOf)));
    expect([...exposed.types.keys()].filter((name) => name.startsWith('statemanager_') && !shown.has(name))).toEqual(
      [],
    );
  });

  it('has panels that do not cover each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos: a, id } of panels) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      const covers = panels.filter(
        ({ id: other, gridPos: b }) =>
          other > id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      );
      expect(covers).toEqual([]);
    }
  });
});

describe('docs/operations.md', () => {
  it('has a row for every metric, as the code has it', () => {
    const expected = [
      ...METRICS.map(({ name, type, labels = [], help }) => [
        `\`${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', '),
        help,
      ]),
      ...Object.values(HISTOGRAMS).map(({ name, help }) => [`\`${name}\``, 'histogram', '', help]),
    ];
    expect(rowsOf(operations, 'metrics')).toEqual(expected);
    const ours = [...exposed.types.keys()].filter((name) => name.startsWith('statemanager_'));
    expect(new Set(ours)).toEqual(new Set([...METRICS, ...Object.values(HISTOGRAMS)].map(({ name }) => name)));
  });

  it('has every section that it points to', () => {
    for (const [, anchor = ''] of operations.matchAll(/\]\(#([^)]+)\)/g)) {
      expect(anchorsOf(operations)).toContain(anchor);
    }
  });
});

/** The anchors of a document's sections, as GitHub makes them. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
