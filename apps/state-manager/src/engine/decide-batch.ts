import {
  decide,
  type Decision,
  type Fleet,
  type Input,
  type Rejection,
  type RuleOptions,
  type StateNames,
} from '@statemanager/state-machine';
import type { Logger } from '../log.ts';
import { Batch, type BatchLimits } from './batch.ts';
import { EngineError } from './engine-error.ts';
import type { Entry, InputQueue } from './input-queue.ts';
import { isCallers } from './input-origin.ts';
import { fail } from './intake.ts';

/** What became of an input. */
export type Outcome = Decision | Rejection;

/** One transaction takes this much at the most; etcd's default limit is 1.5 MiB, and its frame wants room. */
export const FULL_LIMITS: BatchLimits = { operationsCount: 4095, bytes: 1_048_576 };

/** So many inputs are decided in one go at the most, even if they change nothing: others want their turn. */
const MAX_INPUTS_COUNT = 2000;

export interface DecideOptions {
  readonly rules: RuleOptions;
  readonly stateNames: StateNames;
  /** What one transaction takes when it holds more than one input. */
  readonly limits: BatchLimits;
  readonly log: Logger;
}

/** Inputs that were decided together, in their order. */
export interface DecidedBatch {
  readonly batch: Batch;
  readonly outcomes: ReadonlyMap<Entry<Outcome>, Outcome>;
}

/**
 * Decides what waits, in order, each in view of those before it, until one transaction is full. An input that alone
 * needs more than a transaction takes is refused; nothing is ever split.
 */
export function decideBatch(queue: InputQueue<Outcome>, view: Fleet, options: DecideOptions): DecidedBatch {
  const batch = new Batch(view, options.stateNames);
  const outcomes = new Map<Entry<Outcome>, Outcome>();
  for (let entry = queue.take(); entry !== undefined; entry = next(queue, outcomes.size)) {
    const alone = outcomes.size === 0;
    const outcome = tryDecide(entry, batch, alone ? FULL_LIMITS : options.limits, options);
    if (outcome instanceof EngineError && outcome.code === 'too_large' && !alone) {
      queue.putBack([entry]);
      break;
    }
    if (outcome instanceof EngineError) fail(entry, outcome);
    else outcomes.set(entry, outcome);
  }
  return { batch, outcomes };
}

function next(queue: InputQueue<Outcome>, count: number): Entry<Outcome> | undefined {
  return count < MAX_INPUTS_COUNT ? queue.take() : undefined;
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
