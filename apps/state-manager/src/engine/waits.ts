import type { Fleet, Input } from '@statemanager/state-machine';

/** How long the waits of the rules last, in milliseconds. */
export interface WaitOptions {
  readonly missingGraceMs: number;
  readonly offloadGraceMs: number;
  readonly reconcileResetMs: number;
}

interface Wait {
  /** What is waited for: another token ends this wait and begins anew. */
  readonly token: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Measures what the rules only name: graces, offloads and backoffs. Node's timers run on the monotonic clock. What a
 * wait was for is in the store, how long it has lasted is not: a new leader begins it anew, because nobody watched
 * meanwhile. A wait that ends becomes an input, and the rules decide whether it still matters.
 */
export class Waits {
  readonly #options: WaitOptions;
  readonly #submit: (input: Input) => void;
  readonly #waits = new Map<string, Wait>();

  constructor(options: WaitOptions, submit: (input: Input) => void) {
    this.#options = options;
    this.#submit = submit;
  }

  /** Begins the waits of a view that was just loaded. */
  begin(fleet: Fleet): void {
    for (const name of fleet.names('model')) this.#followModel(fleet, name);
    for (const name of fleet.names('package')) this.#followPackage(fleet, name);
  }

  /** Follows a commit: `changes` are its records, over the view before. */
  follow(changes: Fleet): void {
    for (const [name] of changes.changedRecords('model')) this.#followModel(changes, name);
    for (const [name] of changes.changedRecords('package')) this.#followPackage(changes, name);
    for (const [name] of changes.changedIntents()) this.#followPackage(changes, name);
  }

  /** Ends all waits. */
  end(): void {
    for (const { timer } of this.#waits.values()) clearTimeout(timer);
    this.#waits.clear();
  }

  #followModel(fleet: Fleet, model: string): void {
    const { missing, offload } = fleet.record('model', model) ?? {};
    const { missingGraceMs, offloadGraceMs } = this.#options;
    const graceMs = offload === undefined ? missingGraceMs : offloadGraceMs;
    const grace = missing === undefined ? undefined : `${missing} ${offload?.id ?? ''}`;
    this.#wait(`grace/${model}`, grace, graceMs, () => ({
      type: 'grace-over',
      model,
      episode: missing as number,
      at: Date.now(),
    }));
    this.#wait(`offload/${model}`, offload?.id, offloadGraceMs, () => ({
      type: 'offload-over',
      model,
      id: offload?.id as string,
      at: Date.now(),
    }));
  }

  #followPackage(fleet: Fleet, packageName: string): void {
    const backoff = fleet.record('package', packageName)?.backoff;
    const well = backoff !== undefined && fleet.intent(packageName) === undefined;
    this.#wait(`backoff/${packageName}`, well ? backoff.intent : undefined, this.#options.reconcileResetMs, () => ({
      type: 'backoff-over',
      packageName,
      intent: backoff?.intent as string,
      at: Date.now(),
    }));
  }

  #wait(key: string, token: string | undefined, ms: number, over: () => Input): void {
    const present = this.#waits.get(key);
    if (present?.token === token) return;
    if (present !== undefined) clearTimeout(present.timer);
    this.#waits.delete(key);
    if (token === undefined) return;
    const timer = setTimeout(() => {
      this.#waits.delete(key);
      this.#submit(over());
    }, ms);
    this.#waits.set(key, { token, timer });
  }
}
