import type { Fleet } from '@statemanager/state-machine';
import type { Cause } from './tracing.ts';

/** What made an intent. */
interface IntentCause {
  readonly intent: string;
  readonly cause: Cause;
  /** Whether its reconcile was asked for. */
  isAsked: boolean;
}

/** So many are kept; of packages that died before, it is not known any more what made their intents. */
const MAX_COUNT = 10_000;

/**
 * What made the intents of which this process knows that. It is memory and not state: an intent that was left by another
 * process is worked through like any other, in a trace of its own.
 */
export class IntentCauses {
  readonly #causes = new Map<string, IntentCause>();

  /** Takes note of the intents that a decision makes and ends. */
  note(changes: Fleet, cause: Cause): void {
    for (const [packageName, intent] of changes.changedIntents()) {
      if (intent === undefined) {
        this.#causes.delete(packageName);
        continue;
      }
      // One that was tried already has only been changed.
      if (intent.attempts > 0 || this.#causes.get(packageName)?.intent === intent.id) continue;
      this.#causes.set(packageName, { intent: intent.id, cause, isAsked: false });
      if (this.#causes.size > MAX_COUNT) this.#forgetOldest();
    }
  }

  /** What made an intent, and whether this is the first time that it is asked for; undefined if it is not known. */
  ask(intent: string): { readonly cause: Cause; readonly isFirst: boolean } | undefined {
    // An intent's id is its package's name, and which of its intents it is.
    const known = this.#causes.get(intent.slice(0, intent.lastIndexOf('/')));
    if (known?.intent !== intent) return undefined;
    const isFirst = !known.isAsked;
    known.isAsked = true;
    return { cause: known.cause, isFirst };
  }

  #forgetOldest(): void {
    for (const packageName of this.#causes.keys()) {
      this.#causes.delete(packageName);
      return;
    }
  }
}
