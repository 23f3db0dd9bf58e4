import type { KeyValueStore } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Committed, Follower, Term } from '../manager.ts';

/** How often the past is looked at, as a part of how much of it is kept. */
const STEPS_COUNT = 5;

/** However young it is, more history than this is not kept. In etcd's file it takes up half as much again. */
const MAX_KEPT_BYTES = 100_663_296;

/** A commit waits at most this long for what came before it to be forgotten. */
const MAX_PAUSE_MS = 1000;

/** What was committed in one step. */
interface Step {
  readonly revision: number;
  readonly bytes: number;
}

/**
 * Forgets the store's history beyond what is kept, in time and in size: a default etcd fills its quota within minutes of a
 * storm.
 *
 * etcd forgets more slowly than it is written to: it looks at every key, in portions. So where a storm outruns it, commits
 * are paced: from twice as much history as is kept, the next commit waits the longer the more there is, and there never is
 * much more than three times as much. Reports that come meanwhile replace each other.
 */
export class Compaction implements Follower {
  readonly #store: KeyValueStore;
  readonly #keepMs: number;
  readonly #log: Logger;
  readonly #maxKeptBytes: number;
  /** What is not forgotten yet, oldest first. */
  #steps: Step[] = [];
  #revision = 0;
  /** What was committed since the last step. */
  #bytes = 0;
  /** What was committed in the steps. */
  #keptBytes = 0;
  #isCompacting = false;
  #isPacing = false;
  #term: Term | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `keepMs` 0 leaves the history to the operator. */
  constructor(store: KeyValueStore, keepMs: number, log: Logger, maxKeptBytes = MAX_KEPT_BYTES) {
    this.#store = store;
    this.#keepMs = keepMs;
    this.#log = log;
    this.#maxKeptBytes = maxKeptBytes;
  }

  onTerm(term: Term): readonly [] {
    if (this.#keepMs === 0) return [];
    this.#term = term;
    this.#timer = setInterval(() => this.#step(term), this.#keepMs / STEPS_COUNT);
    return [];
  }

  onCommit({ revision, bytes = 0 }: Committed): void {
    this.#revision = revision;
    this.#bytes += bytes;
    if (this.#term === undefined || this.#bytes < this.#maxKeptBytes / STEPS_COUNT) return;
    // The next step of time is a whole one away.
    this.#timer?.refresh();
    this.#step(this.#term);
  }

  /** Only what is being forgotten is waited for: a store that refuses to forget is none of a commit's matters. */
  pauseMs(tookMs: number): number {
    if (!this.#isCompacting) return 0;
    const beyond = this.#keptBytes + this.#bytes - 2 * this.#maxKeptBytes;
    if (beyond <= 0) return 0;
    if (!this.#isPacing) {
      this.#isPacing = true;
      const historyBytes = this.#keptBytes + this.#bytes;
      this.#log.warn({ historyBytes }, 'the store forgets more slowly than it is written to: commits are paced');
    }
    const share = Math.min(beyond / this.#maxKeptBytes, 1);
    return Math.min((tookMs * share) / (1 - share), MAX_PAUSE_MS);
  }

  onTermEnd(): void {
    clearInterval(this.#timer);
    this.#term = undefined;
    this.#steps = [];
    this.#bytes = 0;
    this.#keptBytes = 0;
    this.#isPacing = false;
  }

  #step(term: Term): void {
    this.#steps.push({ revision: this.#revision, bytes: this.#bytes });
    this.#keptBytes += this.#bytes;
    this.#bytes = 0;
    if (!this.#isCompacting) void this.#forget(term);
  }

  async #forget(term: Term): Promise<void> {
    this.#isCompacting = true;
    try {
      while (this.#term === term && this.#steps.length > STEPS_COUNT) await this.#forgetOldest(term);
      if (this.#isPacing) this.#log.info('the store has forgotten what it should: commits are not paced any more');
      this.#isPacing = false;
    } catch (error) {
      if (!term.ended.aborted) this.#log.warn({ err: error }, 'history could not be compacted');
    } finally {
      this.#isCompacting = false;
    }
  }

  /** Whatever fails stays, and goes with what comes after it. */
  async #forgetOldest(term: Term): Promise<void> {
    const count = this.#steps.length - STEPS_COUNT;
    const [revision, next] = [this.#steps[count - 1]?.revision ?? 0, this.#steps[count]];
    const bytes = this.#steps.slice(0, count).reduce((sum, step) => sum + step.bytes, 0);
    if (next !== undefined && (revision === 0 || revision === next.revision)) {
      // Nothing was committed before it, or between the two: there is nothing to forget.
      this.#steps.splice(0, count + 1, { revision: next.revision, bytes: bytes + next.bytes });
      return;
    }
    await this.#store.compact(revision);
    this.#log.debug({ revision }, 'history compacted');
    if (this.#term !== term) return;
    this.#steps.splice(0, count);
    this.#keptBytes -= bytes;
  }
}
