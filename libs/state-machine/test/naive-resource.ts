import type { ResourceState } from '../src/index.ts';

/** One resource as the naive model knows it. */
export interface NaiveResource {
  state: ResourceState | null;
  generation: number;
  applied: { id: string; target: ResourceState }[];
  /** Of a model: a request set its state, and no report has ended that. */
  requested: boolean;
  /** Of a model: which episode of being missing it is in. */
  missing: number | undefined;
  episodes: number;
  /** Of a model: it is Running only because of what is Unknown. */
  doubt: boolean;
  offload: { id: string; targetNode: string } | undefined;
  /** Of a package: what its definition names. Of a scenario: whether it has a definition. */
  names: string[] | undefined;
  intent: { id: string; attempts: number; running: boolean } | undefined;
  backoff: { attempts: number; intent: string } | undefined;
  /** Of a package: an operator wants nothing to be asked for it. */
  paused: boolean;
}

/** A resource of which nothing is known. */
export function blank(): NaiveResource {
  return {
    ...{ state: null, generation: 0, applied: [], requested: false, missing: undefined, episodes: 0, doubt: false },
    ...{ offload: undefined, names: undefined, intent: undefined, backoff: undefined, paused: false },
  };
}
