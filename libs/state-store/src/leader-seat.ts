import { attempt } from './attempt.ts';
import { StoreError } from './store-error.ts';
import type { Candidate, Leadership } from './store.ts';

/** How a seat records in the store who has it. */
export interface SeatRecords {
  /** Puts the candidate and a fresh fence, in one transaction, and returns the fence. */
  claim(candidate: Candidate): string;
  /** Removes the leader key. */
  vacate(): void;
}

/**
 * The one leader's seat of a store that only this process can open: whoever comes second waits, unless it has the id of
 * the holder.
 */
export class LeaderSeat {
  readonly #records: SeatRecords;
  readonly #waiting = new Set<() => void>();
  #holder: { readonly id: string; readonly lost: AbortController } | undefined;
  #closed = false;

  constructor(records: SeatRecords) {
    this.#records = records;
  }

  /** Waits for the seat and takes it. Throws the signal's reason if it aborts first, and `closed` after {@link close}. */
  async take(candidate: Candidate, signal?: AbortSignal): Promise<Leadership> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closed) throw new StoreError('closed', 'the store was closed while waiting to lead');
      if (this.#holder === undefined || this.#holder.id === candidate.id) return this.#sit(candidate);
      await this.#vacancy(signal);
    }
  }

  /** Tells the holder, if there is one, that it no longer leads. */
  depose(why: string): void {
    const holder = this.#holder;
    if (holder === undefined) return;
    this.#holder = undefined;
    holder.lost.abort(new StoreError('deposed', why));
    this.#wake();
  }

  /** Gives the seat up for good. */
  close(): void {
    this.#closed = true;
    try {
      if (this.#holder !== undefined) this.#records.vacate();
    } finally {
      this.depose('the store was closed');
      this.#wake();
    }
  }

  #sit(candidate: Candidate): Leadership {
    const fence = this.#records.claim(candidate);
    this.depose(`'${candidate.id}' leads again, from another place`);
    const holder = { id: candidate.id, lost: new AbortController() };
    this.#holder = holder;
    return {
      fence,
      lost: holder.lost.signal,
      isCurrent: () => this.#holder === holder,
      resign: () =>
        attempt(() => {
          if (this.#holder !== holder) return;
          this.#records.vacate();
          this.depose('it resigned');
        }),
    };
  }

  #vacancy(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
