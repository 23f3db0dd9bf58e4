import type { Sender, SentReconcile } from '../../src/grpc/sender.ts';

/** One call that would have gone to ActionController, until the test answers it. */
export interface AskedReconcile {
  readonly scenarioName: string;
  readonly intentId: string;
  /** On the monotonic clock, in milliseconds. */
  readonly at: number;
  answer(outcome: SentReconcile['outcome'], detail?: string): void;
}

/** An ActionController in the place of the sender: away or there, and answering as a test says. */
export class FakeSender {
  readonly asked: AskedReconcile[] = [];
  /** Calls that have no answer yet. */
  readonly open = new Set<AskedReconcile>();
  /** What is answered at once; undefined leaves calls open. */
  answers: SentReconcile['outcome'] | undefined = 'accepted';
  /** How many calls were open at the same time at the most. */
  mostOpenCount = 0;
  reachedCount = 0;
  /** Set: looking for it takes until this resolves. */
  looks: Promise<boolean> | undefined;
  #away = false;
  readonly #waiting = new Set<() => void>();

  set away(away: boolean) {
    this.#away = away;
    if (!away) for (const wake of [...this.#waiting]) wake();
  }

  /** Itself, as what the reconciler is given. */
  get sender(): Sender {
    return this as unknown as Sender;
  }

  canReach(): Promise<boolean> {
    this.reachedCount += 1;
    return this.looks ?? Promise.resolve(!this.#away);
  }

  waitUntilReachable(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new Error('cancelled'));
    if (!this.#away) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
    });
  }

  reconcile(scenarioName: string, intentId: string, signal: AbortSignal): Promise<SentReconcile> {
    return new Promise((resolve) => {
      const call: AskedReconcile = {
        scenarioName,
        intentId,
        at: performance.now(),
        answer: (outcome, detail = '') => {
          this.open.delete(call);
          resolve({ outcome, detail });
        },
      };
      this.asked.push(call);
      this.open.add(call);
      this.mostOpenCount = Math.max(this.mostOpenCount, this.open.size);
      signal.addEventListener('abort', () => call.answer('failed', 'cancelled'), { once: true });
      if (this.answers !== undefined) call.answer(this.answers);
    });
  }

  /** The intents asked for, in order. */
  get intents(): readonly string[] {
    return this.asked.map(({ intentId }) => intentId);
  }
}
