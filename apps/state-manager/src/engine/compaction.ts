import type { KeyValueStore } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Committed, Follower, Term } from '../manager.ts';

/** How often the past is looked at, as a part of how much of it is kept. */
const STEPS_COUNT = 5;

/** Forgets the store's history beyond what is kept: a default etcd fills its quota within minutes of a storm. */
export class Compaction implements Follower {
  readonly #store: KeyValueStore;
  readonly #keepMs: number;
  readonly #log: Logger;
  /** The revisions at the last steps, oldest first. */
  #past: number[] = [];
  #revision = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `keepMs` 0 leaves the history to the operator. */
  constructor(store: KeyValueStore, keepMs: number, log: Logger) {
    this.#store = store;
    this.#keepMs = keepMs;
    this.#log = log;
  }

  onTerm(term: Term): readonly [] {
    if (this.#keepMs > 0) this.#timer = setInterval(() => void this.#step(term), this.#keepMs / STEPS_COUNT);
    return [];
  }

  onCommit({ revision }: Committed): void {
    this.#revision = revision;
  }

  onTermEnd(): void {
    clearInterval(this.#timer);
    this.#past = [];
  }

  async #step(term: Term): Promise<void> {
    this.#past.push(this.#revision);
    if (this.#past.length <= STEPS_COUNT) return;
    const revision = this.#past.shift() ?? 0;
    if (revision === 0 || revision === this.#past[0]) return;
    try {
      await this.#store.compact(revision);
      this.#log.debug({ revision }, 'history compacted');
    } catch (error) {
      if (!term.ended.aborted) this.#log.warn({ err: error, revision }, 'history could not be compacted');
    }
  }
}
