import { Histogram, type Registry } from 'prom-client';

/** What is measured once a commit or a call, never once a report. */
export const HISTOGRAMS = {
  commit: {
    name: 'statemanager_commit_duration_seconds',
    help: 'How long a transaction took the store, every try included',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  operations: {
    name: 'statemanager_commit_operations',
    help: 'Keys that a transaction put or deleted, but for the fence',
    buckets: [1, 4, 16, 64, 256, 1024, 4096],
  },
  inputs: {
    name: 'statemanager_commit_inputs',
    help: 'Inputs that were decided into one transaction',
    buckets: [1, 4, 16, 64, 256, 1024],
  },
  wait: {
    name: 'statemanager_queue_wait_seconds',
    help: 'Of each batch, the input that waited longest: from its arrival until what follows was durable',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  reconcile: {
    name: 'statemanager_reconcile_duration_seconds',
    help: 'How long ActionController took to answer a reconcile, or to fail to',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const;

export type Histograms = Record<keyof typeof HISTOGRAMS, Pick<Histogram, 'observe'>>;

export function createHistograms(registry: Registry): Histograms {
  const create = (key: keyof typeof HISTOGRAMS): Histogram => {
    const { name, help, buckets } = HISTOGRAMS[key];
    return new Histogram({ name, help, buckets: [...buckets], registers: [registry] });
  };
  return {
    commit: create('commit'),
    operations: create('operations'),
    inputs: create('inputs'),
    wait: create('wait'),
    reconcile: create('reconcile'),
  };
}
