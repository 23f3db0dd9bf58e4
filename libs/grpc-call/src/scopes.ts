/** What a client's calls end with when they are not to go on. */
export interface EndErrors {
  /** The caller's signal was aborted for this reason. */
  cancelled(reason: unknown): Error;
  /** The client was closed: `when` says whether before or during the call. */
  closed(when: string): Error;
}

/** Work that is under way. */
export interface Scope {
  /** Aborted, with the error to reject with, when the caller's signal is or the client is closed. */
  readonly signal: AbortSignal;
  /** Says that the work has ended. */
  leave(): void;
}

/** The open calls of a client: each ends with its caller's signal, and all end with the client. */
export class CallScopes {
  readonly #errors: EndErrors;
  readonly #open = new Set<AbortController>();
  readonly #working = new Set<Promise<unknown>>();
  #closed = false;

  constructor(errors: EndErrors) {
    this.#errors = errors;
  }

  /** Begins work that {@link close} ends and does not wait for. Throws what it was to end with, if that is so already. */
  enter(callerSignal: AbortSignal | undefined): Scope {
    if (this.#closed) throw this.#errors.closed('it was closed before this call');
    if (callerSignal?.aborted === true) throw this.#errors.cancelled(callerSignal.reason);
    const controller = new AbortController();
    const cancel = () => controller.abort(this.#errors.cancelled(callerSignal?.reason));
    callerSignal?.addEventListener('abort', cancel, { once: true });
    this.#open.add(controller);
    return {
      signal: controller.signal,
      leave: () => {
        this.#open.delete(controller);
        callerSignal?.removeEventListener('abort', cancel);
      },
    };
  }

  /** Runs work with the signal of a scope of its own; {@link close} waits until it has ended. */
  async run<T>(callerSignal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const scope = this.enter(callerSignal);
    const working = work(scope.signal);
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
      scope.leave();
    }
  }

  /** Ends all open work and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#open) controller.abort(this.#errors.closed('it was closed during this call'));
    await Promise.allSettled(this.#working);
  }
}
