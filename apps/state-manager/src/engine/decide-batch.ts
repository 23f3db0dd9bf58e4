import {
  decide,
  type Decision,
  type Fleet,
  type Input,
  type NodeSilent,
  type Rejection,
  type Report,
  type RuleOptions,
  type StateNames,
} from '@statemanager/state-machine';
import type { Logger } from '../log.ts';
import type { Tracing } from '../observe/tracing.ts';
import { Batch, type BatchLimits } from './batch.ts';
import type { FencedCommit } from './commit-fenced.ts';
import { EngineError } from './engine-error.ts';
import type { Entry, InputQueue } from './input-queue.ts';
import { isCallers, nodeOf } from './input-origin.ts';
import { fail } from './intake.ts';

/** What became of an input. */
export type Outcome = Decision | Rejection;

/**
 * One transaction takes this much at the most. etcd takes 128 operations, where one may be a transaction that has what is
 * left: the fence, and 63 with 64 in each. Its default limit is 1.5 MiB, and its frame wants room.
 */
export const FULL_LIMITS: BatchLimits = { operationsCount: 4032, bytes: 1_048_576 };

/** So many inputs are decided in one go at the most, even if they change nothing: others want their turn. */
const MAX_INPUTS_COUNT = 2000;

export interface DecideOptions {
  readonly rules: RuleOptions;
  readonly stateNames: StateNames;
  /** What one transaction takes when it holds more than one input. */
  readonly limits: BatchLimits;
  /** When each node's newest report came that is durable or says nothing new, in milliseconds since 1970; kept up here. */
  readonly lastHeard: Map<string, number>;
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
}

/** Inputs that are decided together, in their order, each in view of those before it, until one transaction is full. */
export class DecidedBatch {
  readonly batch: Batch;
  readonly outcomes = new Map<Entry<Outcome>, Outcome>();
  /** It takes no more inputs. */
  isFull = false;
  /** What commits it, once it has a place on the chain; it takes no more inputs then. */
  commit: FencedCommit | undefined;
  readonly #options: DecideOptions;
  readonly #nodes = new Set<string>();
  /** When nodes were heard by what is decided here; 0 for those that are forgotten. It counts elsewhere once it is durable. */
  readonly #heard = new Map<string, number>();
  /** What it was decided on top of and is not told yet. */
  #below: DecidedBatch | undefined;

  /** Decides in view of `below`, if that is not in the view yet. */
  constructor(view: Fleet, options: DecideOptions, below?: DecidedBatch) {
    this.batch = new Batch(below?.batch.fleet ?? view, options.stateNames);
    this.#options = options;
    this.#below = below;
  }

  /** It is durable: what it heard of nodes is known from now on. */
  noteHeard(): void {
    const { lastHeard } = this.#options;
    for (const [node, at] of this.#heard) {
      if (at === 0) lastHeard.delete(node);
      else lastHeard.set(node, at);
    }
  }

  /** What it was decided on top of is in the view. */
  rebase(view: Fleet): void {
    this.batch.rebase(view);
    this.#below = undefined;
  }

  /** When a node was heard last, as of what is decided so far; in milliseconds since 1970, 0: not in this process. */
  lastHeard(node: string): number {
    return this.#heard.get(node) ?? this.#below?.lastHeard(node) ?? this.#options.lastHeard.get(node) ?? 0;
  }

  /** Whether one of its inputs is about a node. */
  concerns(node: string): boolean {
    return this.#nodes.has(node);
  }

  /**
   * Decides what waits, at most so many. An input that alone needs more than a transaction takes is refused; nothing is
   * ever split.
   */
  take(queue: InputQueue<Outcome>, atMost = MAX_INPUTS_COUNT): void {
    for (let i = 0; i < atMost && !this.isFull; i += 1) {
      const entry = queue.take();
      if (entry === undefined) return;
      this.#decide(entry, queue);
    }
  }

  #decide(entry: Entry<Outcome>, queue: InputQueue<Outcome>): void {
    const { tracing } = this.#options;
    const began = tracing === undefined ? 0 : performance.now();
    const alone = this.outcomes.size === 0;
    const outcome = this.#isOutdated(entry.input)
      ? nothingNew(`node ${entry.input.node}: a newer report is known`)
      : tryDecide(entry, this.batch, alone ? FULL_LIMITS : this.#options.limits, this.#options);
    if (outcome instanceof EngineError && outcome.code === 'too_large' && !alone) {
      queue.putBack([entry]);
      this.isFull = true;
      return;
    }
    if (outcome instanceof EngineError) {
      fail(entry, outcome);
      return;
    }
    this.outcomes.set(entry, outcome);
    tracing?.decided(entry, outcome, began);
    this.#hear(entry.input, outcome);
    const node = nodeOf(entry.input);
    if (node !== undefined) this.#nodes.add(node);
    this.isFull = this.outcomes.size >= MAX_INPUTS_COUNT;
  }

  /**
   * Whether a node was heard since what an input says of it: a report that waited where nobody led while its node said
   * something newer elsewhere, or a silence that ended before it was decided.
   */
  #isOutdated(input: Input): input is Report | NodeSilent {
    if (input.type === 'node-silent') return this.lastHeard(input.node) > input.heardAt;
    if (input.type !== 'report' || input.held !== true) return false;
    // What another process heard is in the view.
    const heardAt = Math.max(this.lastHeard(input.node), this.batch.fleet.node(input.node)?.observedAt ?? 0);
    // A machine without a clock begins in the past: what its store has from the future says nothing of before and after.
    return heardAt > input.at && heardAt <= Date.now();
  }

  #hear(input: Input, { accepted }: Outcome): void {
    if (!accepted) return;
    if (input.type === 'report') this.#heard.set(input.node, heardAfter(this.lastHeard(input.node), input));
    if (input.type === 'node-forgotten') this.#heard.set(input.node, 0);
  }
}

function nothingNew(message: string): Outcome {
  return { accepted: true, changes: undefined, transitions: [], message };
}

/**
 * When a node was heard last, once a report of it counts. One that comes straight from its node is the newest, whatever
 * the clock says, which may have been put back meanwhile.
 */
export function heardAfter(heardAt: number, { at, held }: Report): number {
  return held === true ? Math.max(heardAt, at) : at;
}

function tryDecide(
  { input }: Entry<Outcome>,
  batch: Batch,
  limits: BatchLimits,
  { rules, log }: DecideOptions,
): Outcome | EngineError {
  try {
    const outcome = decide(batch.fleet, input, rules);
    if (!outcome.accepted) {
      // A caller hears of it in the answer; of ours, nobody would. That an attempt's intent has ended is nothing wrong.
      const expected = isCallers(input) || outcome.code === 'precondition_failed';
      if (!expected) log.error({ input: input.type, ...named(input), problem: outcome.details }, 'refused');
      return outcome;
    }
    const operations = batch.encode(outcome);
    if (batch.exceeds(limits, operations)) {
      const takes = `one transaction takes ${FULL_LIMITS.operationsCount} operations and ${FULL_LIMITS.bytes} bytes`;
      return new EngineError('too_large', `what follows from it needs ${operations.size} store operations; ${takes}`);
    }
    batch.add(outcome, operations);
    return outcome;
  } catch (error) {
    log.error({ err: error, input: input.type }, 'an input could not be decided');
    return new EngineError('internal', 'it could not be decided; nothing was changed', { cause: error });
  }
}

function named(input: Input): { readonly name?: string } {
  return 'name' in input ? { name: input.name } : {};
}
