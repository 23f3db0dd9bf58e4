import { setImmediate as yieldToOthers, setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '@statemanager/state-machine';
import { StoreError, type KeyValueStore, type Leadership } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Tracing } from '../observe/tracing.ts';
import { commitFenced, fencedCommit } from './commit-fenced.ts';
import { DecidedBatch, type DecideOptions, type Outcome } from './decide-batch.ts';
import { EngineError } from './engine-error.ts';
import type { InputQueue } from './input-queue.ts';
import { fail } from './intake.ts';

export interface PipelineOptions {
  readonly store: KeyValueStore;
  readonly queue: InputQueue<Outcome>;
  readonly leadership: Leadership;
  /** The committed view; the pipeline keeps it up. */
  readonly view: Fleet;
  /** What a batch is decided with; read anew for each, because what a transaction takes may change. */
  readonly deciding: () => DecideOptions;
  /** Hears that the store takes less than was in a batch of several inputs. */
  readonly onTooLarge: (batch: DecidedBatch['batch'], error: StoreError) => void;
  /** Hears of each batch in order, when it is durable and in the view, before its callers are answered. */
  readonly onDurable: (durable: Durable) => void;
  /** How long the next commit is to wait, in milliseconds, after one that took the store so long. */
  readonly pauseMs?: (tookMs: number) => number;
  /** A commit that takes longer is no reason any more to decide what comes next. */
  readonly patienceMs: number;
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
}

/** What is durable. */
export interface Durable {
  readonly decided: DecidedBatch;
  /** At which revision, and how long that took the store in milliseconds; undefined if nothing had to be committed. */
  readonly committed: { readonly revision: number; readonly tookMs: number } | undefined;
}

/** So many inputs are decided at a time while a transaction is in flight. */
const PORTION_COUNT = 8;

/** Why nothing more is decided on top of a commit. Without a reason each signal would make an exception, with its stack. */
const ENDED = 'the commit has ended';

/**
 * Decides what waits, commits it, and answers. One transaction is in flight at a time; meanwhile what became durable
 * before is told, and what comes is decided on top of what is in flight, as the next transaction. So the store and the
 * process work at the same time, and if a commit fails, only what was decided on top of it is decided again.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  #fence: string;
  /** In flight. */
  #current: DecidedBatch | undefined;
  /** Not told yet. */
  #durable: Durable | undefined;
  #next: DecidedBatch;

  constructor(options: PipelineOptions, fence: string) {
    this.#options = options;
    this.#fence = fence;
    this.#next = this.#open();
  }

  /** Whether something is decided and not in the view yet that is about a node. */
  concerns(node: string): boolean {
    const has = (decided: DecidedBatch | undefined): boolean => decided?.concerns(node) ?? false;
    return has(this.#next) || has(this.#current) || has(this.#durable?.decided);
  }

  /**
   * Runs until `isOver` says so and nothing is left. Throws the reason of `over`, `deposed` if another leads, and what
   * else the store throws for good; whatever was not durable then waits in the queue again.
   */
  async run(isOver: () => boolean, wake: AbortSignal, over: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    try {
      while (!isOver() || this.#next.outcomes.size > 0) {
        if (over.aborted) throw over.reason;
        await this.#pause(wake);
        if (this.#next.outcomes.size === 0) {
          this.#tell();
          await queue.waiting(wake);
        }
        this.#next.take(queue);
        await this.#commitNext(over);
        if (queue.size > 0) await yieldToOthers();
      }
    } finally {
      this.#tell();
      this.#takeBack();
    }
  }

  /** Lets the store breathe, if it has to. What waits meanwhile can be withdrawn, and what is durable is told. */
  async #pause(wake: AbortSignal): Promise<void> {
    const { pauseMs } = this.#options;
    const tookMs = this.#durable?.committed?.tookMs;
    if (tookMs === undefined) return;
    const ms = pauseMs?.(tookMs) ?? 0;
    if (ms === 0) return;
    this.#tell();
    this.#takeBack();
    await sleep(ms, undefined, { signal: wake }).catch(() => undefined);
  }

  /** Commits what is next. What was durable before is told while that is in flight. */
  async #commitNext(over: AbortSignal): Promise<void> {
    const current = this.#next;
    this.#current = current;
    this.#next = this.#open(current);
    try {
      const committing = this.#commit(current, over);
      // What it throws is thrown where it is waited for.
      committing.catch(() => undefined);
      if (this.#durable !== undefined) {
        // Telling takes milliseconds in a storm: the commit goes out first.
        await yieldToOthers();
        this.#tell(current);
      }
      await this.#decideMeanwhile(current, committing);
      this.#durable = { decided: current, committed: await committing };
    } catch (error) {
      this.#takeBack();
      this.#splitOrRefuse(current, error);
    } finally {
      this.#current = undefined;
    }
  }

  #open(below?: DecidedBatch): DecidedBatch {
    const { view, deciding } = this.#options;
    return new DecidedBatch(view, deciding(), below);
  }

  /** Resolves when it is committed; with undefined if there was nothing to commit. */
  async #commit(decided: DecidedBatch, over: AbortSignal): Promise<Durable['committed']> {
    const { batch, outcomes } = decided;
    const { store, leadership, tracing, log } = this.#options;
    // An answer without a commit rests on the view alone, and that is good only while nobody else can have moved on.
    const unconfirmed = outcomes.size > 0 && !leadership.isCurrent();
    if (batch.operationsCount === 0 && !unconfirmed) return undefined;
    const began = performance.now();
    const fenced = (decided.commit ??= fencedCommit(batch.operations, this.#fence));
    const commit = (): ReturnType<typeof commitFenced> => commitFenced(store, fenced, over, log);
    const { revision, fence } = await (tracing === undefined ? commit() : tracing.commit(decided, commit));
    this.#fence = fence;
    return { revision, tookMs: performance.now() - began };
  }

  /** Decides what comes until a commit has ended, in portions: others want their turn, the commit's answer among them. */
  async #decideMeanwhile(current: DecidedBatch, committing: Promise<unknown>): Promise<void> {
    const { queue, patienceMs } = this.#options;
    const stop = new AbortController();
    const end = (): void => stop.abort(ENDED);
    // Where the store does not answer, callers may give up: what was decided too early could not be withdrawn.
    const timer = setTimeout(() => {
      this.#takeBack(current);
      end();
    }, patienceMs);
    committing.then(end, end);
    while (!stop.signal.aborted && !this.#next.isFull) {
      await queue.waiting(stop.signal);
      if (stop.signal.aborted) break;
      this.#next.take(queue, PORTION_COUNT);
      await yieldToOthers();
    }
    if (!stop.signal.aborted) await this.#prepareNext();
    await committing.catch(() => undefined);
    clearTimeout(timer);
  }

  /**
   * Prepares the commit of what is next and full, while the store is at work on the one before. If that one is not
   * applied, what is next is decided again.
   */
  async #prepareNext(): Promise<void> {
    const { store } = this.#options;
    const before = this.#current?.commit;
    if (before === undefined || store.prepare === undefined) return;
    const { commit } = (this.#next.commit = fencedCommit(this.#next.batch.operations, before.fence));
    // What is wrong with it is said when it is made.
    await store.prepare(commit).catch(() => undefined);
  }

  /** Has what was decided and is not in flight wait again, because what it rests on did not become true, or not soon. */
  #takeBack(below?: DecidedBatch): void {
    this.#options.queue.putBack([...this.#next.outcomes.keys()]);
    this.#next = this.#open(below);
  }

  /** Lays what became durable into the view and answers those who wait for it. `above` is laid directly over it. */
  #tell(above = this.#next): void {
    const { view, onDurable } = this.#options;
    const durable = this.#durable;
    this.#durable = undefined;
    if (durable === undefined) return;
    const { decided } = durable;
    view.absorb(decided.batch.fleet);
    above.rebase(view);
    decided.noteHeard();
    onDurable(durable);
    for (const [entry, outcome] of decided.outcomes) {
      for (const ticket of [...entry.tickets]) ticket.resolve(outcome);
    }
  }

  /** The store takes less than it should: tries the inputs in smaller transactions, and refuses what is alone. */
  #splitOrRefuse({ batch, outcomes }: DecidedBatch, error: unknown): void {
    const { queue, log, onTooLarge } = this.#options;
    const entries = [...outcomes.keys()];
    const refused = StoreError.is(error, 'too_large') || StoreError.is(error, 'invalid_argument');
    if (!refused || batch.operationsCount === 0) {
      if (batch.operationsCount > 0) for (const entry of entries) entry.mayBeApplied = true;
      queue.putBack(entries);
      throw error;
    }
    const [only] = entries;
    if (only !== undefined && entries.length === 1) {
      log.error({ err: error, input: only.input.type }, 'the store refuses what follows from an input');
      fail(only, new EngineError('too_large', `the store refuses it: ${error.message}`));
      return;
    }
    onTooLarge(batch, error);
    queue.putBack(entries);
  }
}
