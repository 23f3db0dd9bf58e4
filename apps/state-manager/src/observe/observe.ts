import type { KeyValueStore } from '@statemanager/state-store';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { plainEndpoints, type PlainHandler } from './endpoints.ts';
import { registerMetrics } from './exposition.ts';
import { createHistograms } from './histograms.ts';
import type { Sources } from './metric.ts';
import { readinessOf } from './readiness.ts';
import { StoreLook } from './store-look.ts';
import { Tally } from './tally.ts';

/** What is seen of a running service from outside. */
export class Observation {
  readonly #registry = new Registry();
  readonly #store = new StoreLook();
  /** To follow the manager. */
  readonly tally = new Tally(createHistograms(this.#registry));

  /** Begins to look. Call it once; the result answers `/healthz`, `/readyz` and `/metrics`. */
  start(store: Pick<KeyValueStore, 'status'>, parts: Omit<Sources, 'tally' | 'store'>): PlainHandler {
    const sources: Sources = { ...parts, tally: this.tally, store: this.#store };
    collectDefaultMetrics({ register: this.#registry });
    registerMetrics(this.#registry, sources);
    this.#store.start(store);
    return plainEndpoints({
      readiness: (draining) => readinessOf(sources, draining),
      metrics: () => this.#registry.metrics(),
      metricsType: this.#registry.contentType,
    });
  }
}
