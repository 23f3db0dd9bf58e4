import { ActionClientError, textOf } from './error.ts';

/** The open calls of a client: each ends with its caller's signal, and all end with the client. */
export class CallScopes {
  readonly #open = new Map<AbortController, Promise<unknown>>();
  #closed = false;

  /**
   * Runs work with a signal that is aborted, with the `ActionClientError` to reject with, when the caller's is
   * (`cancelled`) or when this is closed (`closed`).
   */
  async run<T>(callerSignal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed('it was closed before this call');
    const controller = new AbortController();
    const cancel = () => controller.abort(cancelled(callerSignal?.reason));
    if (callerSignal?.aborted === true) throw cancelled(callerSignal.reason);
    callerSignal?.addEventListener('abort', cancel, { once: true });
    const working = work(controller.signal);
    this.#open.set(controller, working);
    try {
      return await working;
    } finally {
      this.#open.delete(controller);
      callerSignal?.removeEventListener('abort', cancel);
    }
  }

  /** Ends all open work and resolves when it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#open];
    for (const [controller] of open) controller.abort(closed('it was closed during this call'));
    await Promise.allSettled(open.map(([, working]) => working));
  }
}

function cancelled(cause: unknown): ActionClientError {
  return new ActionClientError(
    'cancelled',
    `the caller's signal ended the call (${textOf(cause)}); if it had been sent, it may have been done`,
    { cause },
  );
}

function closed(when: string): ActionClientError {
  return new ActionClientError('closed', `this client cannot be used any more, ${when}: create a new one`);
}
