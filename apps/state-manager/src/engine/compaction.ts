import type { KeyValueStore } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Committed, Follower, Term } from '../manager.ts';

/** How often the past is looked at, as a part of how much of it is kept. */
const STEPS_COUNT = 5;

/** However young it is, more history than this is not kept: an eighth of the quota that etcd has by default. */
const MAX_KEPT_BYTES = 268_435_456;

/**
 * Forgets the store's history beyond what is kept, in time and in size: a default etcd fills its quota within minutes of a
 * storm.
 */
export class Compaction implements Follower {
  readonly #store: KeyValueStore;
  readonly #keepMs: number;
  readonly #log: Logger;
  readonly #stepBytes: number;
  /** The revisions at the last steps, oldest first. */
  #past: number[] = [];
  #revision = 0;
  /** What was committed since the last step. */
  #bytes = 0;
  #isCompacting = false;
  #term: Term | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `keepMs` 0 leaves the history to the operator. */
  constructor(store: KeyValueStore, keepMs: number, log: Logger, maxKeptBytes = MAX_KEPT_BYTES) {
    this.#store = store;
    this.#keepMs = keepMs;
    this.#log = log;
    this.#stepBytes = maxKeptBytes / STEPS_COUNT;
  }

  onTerm(term: Term): readonly [] {
    if (this.#keepMs === 0) return [];
    this.#term = term;
    this.#timer = setInterval(() => void this.#step(term), this.#keepMs / STEPS_COUNT);
    return [];
  }

  onCommit({ revision, bytes = 0 }: Committed): void {
    this.#revision = revision;
    this.#bytes += bytes;
    if (this.#term === undefined || this.#bytes < this.#stepBytes) return;
    // The next step of time is a whole one away.
    this.#timer?.refresh();
    void this.#step(this.#term);
  }

  onTermEnd(): void {
    clearInterval(this.#timer);
    this.#term = undefined;
    this.#past = [];
    this.#bytes = 0;
  }

  async #step(term: Term): Promise<void> {
    this.#bytes = 0;
    this.#past.push(this.#revision);
    if (this.#isCompacting) return;
    let revision = 0;
    while (this.#past.length > STEPS_COUNT) revision = this.#past.shift() ?? 0;
    if (revision === 0 || revision === this.#past[0]) return;
    this.#isCompacting = true;
    try {
      await this.#store.compact(revision);
      this.#log.debug({ revision }, 'history compacted');
    } catch (error) {
      if (!term.ended.aborted) this.#log.warn({ err: error, revision }, 'history could not be compacted');
    } finally {
      this.#isCompacting = false;
    }
  }
}
