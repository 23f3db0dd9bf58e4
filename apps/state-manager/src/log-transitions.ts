import type { Transition } from '@statemanager/state-machine';
import type { Logger } from './log.ts';

/** More transitions at once are a storm: a line for each would fill a disk, and keep the process from its work. */
const STORM_COUNT = 50;

/** Logs commits' transitions when their callers have been answered: nobody should wait for a line. */
export class TransitionLog {
  readonly #log: Logger;
  #pending: (() => void)[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  note(transitions: readonly Transition[], revision: number): void {
    this.#pending.push(() => logTransitions(transitions, revision, this.#log));
    // The end of an answer, its trailers, leaves in the second turn of the event loop.
    if (this.#pending.length === 1) setImmediate(() => setImmediate(() => this.flush()));
  }

  /** Logs at once what has not been logged yet. */
  flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const write of pending) write();
  }
}

/** Logs a commit's transitions: each with its cause, or how many became what if they are many. Debug has each always. */
export function logTransitions(transitions: readonly Transition[], revision: number, log: Logger): void {
  const isStorm = transitions.length > STORM_COUNT;
  if (isStorm) {
    log.info(
      { revision, count: transitions.length, became: countStates(transitions) },
      'many transitions; each is in its history',
    );
  }
  if (isStorm && !log.isLevelEnabled('debug')) return;
  for (const transition of transitions) {
    const line = { ...transition, revision };
    if (isStorm) log.debug(line, 'transition');
    else log.info(line, 'transition');
  }
}

function countStates(transitions: readonly Transition[]): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { kind, to } of transitions) {
    const ofKind = (counts[kind] ??= {});
    const state = to ?? 'removed';
    ofKind[state] = (ofKind[state] ?? 0) + 1;
  }
  return counts;
}
