import type { Input } from '@statemanager/state-machine';
import type { Tracing } from '../observe/tracing.ts';
import { EngineError } from './engine-error.ts';
import { isAnswered, isCallers, isRequest } from './input-origin.ts';
import { InputQueue, type Entry, type Ticket } from './input-queue.ts';

export interface SubmitOptions {
  /** Withdraws the input if it was not decided yet. */
  readonly signal?: AbortSignal;
}

export interface IntakeOptions {
  readonly maxQueueCount: number;
  readonly answerWithinMs: number;
  readonly tracing?: Tracing | undefined;
}

/** Where inputs come in and answers go out: the queue, and how long a caller waits. */
export class Intake<T> {
  readonly queue: InputQueue<T>;
  readonly #answerWithinMs: number;
  readonly #tracing: Tracing | undefined;
  #closed = false;
  #ended = false;

  constructor({ maxQueueCount, answerWithinMs, tracing }: IntakeOptions) {
    this.queue = new InputQueue(maxQueueCount);
    this.#answerWithinMs = answerWithinMs;
    this.#tracing = tracing;
  }

  /** Whether callers are refused. */
  get isClosed(): boolean {
    return this.#closed || this.#ended;
  }

  /** Takes no more inputs from callers. */
  close(): void {
    this.#closed = true;
  }

  /** Drops what was said in a term that ended: the next one reads the store anew. Whoever must be answered waits on. */
  endTerm(): void {
    for (const entry of this.queue.remove(({ input }) => !isAnswered(input))) {
      fail(entry, new EngineError('cancelled', 'the term ended in which it was said'));
    }
    this.queue.holdReports();
  }

  /** Has requests that wait asked of another process, which leads now. Reports are taken there. */
  refer(): void {
    for (const entry of this.queue.remove(({ input }) => isRequest(input))) {
      fail(entry, new EngineError('not_leading', 'another StateManager leads since it was asked'));
    }
  }

  /** Refuses what still waits, and everything from now on. */
  end(): void {
    this.#ended = true;
    for (const entry of this.queue.remove(() => true)) fail(entry, new EngineError('stopping', 'StateManager stops'));
  }

  /** Adds an input. Resolves when it was decided and is durable; see `Manager.submit`. */
  async submit(input: Input, { signal }: SubmitOptions = {}): Promise<T> {
    if (this.#ended || (this.#closed && isCallers(input))) throw new EngineError('stopping', 'StateManager stops');
    if (signal?.aborted) throw new EngineError('cancelled', 'the caller gave up');
    return new Promise<T>((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        ticket.entry?.tickets.delete(ticket);
        settle();
      };
      const ticket: Ticket<T> = {
        resolve: (outcome) => done(() => resolve(outcome)),
        reject: (error) => done(() => reject(error)),
      };
      const cancel = (): void => this.#cancel(entry, ticket);
      const entry = this.queue.add(input, ticket);
      // What is ours may be said while a call happens to run that did not ask for it.
      if (this.#tracing !== undefined && isAnswered(input)) entry.cause = this.#tracing.cause;
      const late = (): void => this.#late(entry, ticket);
      const timer = isAnswered(input) ? setTimeout(late, this.#answerWithinMs) : undefined;
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  #cancel(entry: Entry<T>, ticket: Ticket<T>): void {
    ticket.reject(new EngineError('cancelled', 'the caller gave up'));
    if (!this.queue.withdraw(entry) && entry.taken && !entry.tookPlace && entry.tickets.size === 0) entry.abandoned?.();
  }

  #late(entry: Entry<T>, ticket: Ticket<T>): void {
    const within = `the store did not take it within ${this.#answerWithinMs} ms (--answer-within-ms)`;
    const { type } = entry.input;
    if (type === 'report' || type === 'offload-answered') {
      ticket.reject(new EngineError('store_unavailable', `${within}; it stays queued`));
      return;
    }
    const repeat = type === 'change' ? ': repeat it with the same transition_id' : '';
    const isOut = this.queue.withdraw(entry) && entry.mayBeApplied !== true;
    const rest = isOut ? 'nothing was changed' : `it may still be applied${repeat}`;
    ticket.reject(new EngineError('store_unavailable', `${within}; ${rest}`));
  }
}

/** Answers everyone who waits for an input with an error. */
export function fail<T>(entry: Entry<T>, error: EngineError): void {
  for (const ticket of [...entry.tickets]) ticket.reject(error);
}
