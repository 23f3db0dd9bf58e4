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
  /** When each node's newest report came that this process decided, in milliseconds since 1970; kept up here. */
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

  constructor(view: Fleet, options: DecideOptions) {
    this.batch = new Batch(view, options.stateNames);
    this.#options = options;
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
    const outcome = isOutdated(entry.input, this.batch.fleet, this.#options)
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
    noteHeard(entry.input, outcome, this.#options.lastHeard);
    const node = nodeOf(entry.input);
    if (node !== undefined) this.#nodes.add(node);
    this.isFull = this.outcomes.size >= MAX_INPUTS_COUNT;
  }
}

/**
 * Whether a node was heard since what an input says of it: a report that waited where nobody led while its node said
 * something newer elsewhere, or a silence that ended before it was decided.
 */
function isOutdated(input: Input, view: Fleet, { lastHeard }: DecideOptions): input is Report | NodeSilent {
  if (input.type === 'node-silent') return (lastHeard.get(input.node) ?? 0) > input.heardAt;
  if (input.type !== 'report' || input.held !== true) return false;
  // What another process heard is in the view.
  const heardAt = Math.max(lastHeard.get(input.node) ?? 0, view.node(input.node)?.observedAt ?? 0);
  // A machine without a clock begins in the past: what its store has from the future says nothing of before and after.
  return heardAt > input.at && heardAt <= Date.now();
}

function nothingNew(message: string): Outcome {
  return { accepted: true, changes: undefined, transitions: [], message };
}

/** Notes when a report of a node came. */
export function noteReport(lastHeard: Map<string, number>, { node, at }: Report): void {
  lastHeard.set(node, Math.max(lastHeard.get(node) ?? 0, at));
}

function noteHeard(input: Input, { accepted }: Outcome, lastHeard: Map<string, number>): void {
  if (!accepted) return;
  if (input.type === 'report') noteReport(lastHeard, input);
  if (input.type === 'node-forgotten') lastHeard.delete(input.node);
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
