import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { StoreError, type KeyValueStore, type Operation } from '@statemanager/state-store';
import { sized } from '../engine/batch.ts';
import { commitFenced, fencedCommit } from '../engine/commit-fenced.ts';
import { FULL_LIMITS } from '../engine/decide-batch.ts';
import type { Teller } from './teller.ts';
import { TransferError } from './transfer-error.ts';

/** A store that takes nothing for so long is given up: what was written stays, and can be continued. */
const COMMIT_WITHIN_MS = 30_000;

/** Writes in transactions on the fence's chain, each as large as the store takes. */
export class FencedWriter {
  readonly #store: KeyValueStore;
  readonly #over: AbortSignal;
  readonly #teller: Teller;
  #fence: string;
  #limits = FULL_LIMITS;

  /** `over` ends it between two transactions, or in the middle of one of unknown outcome. */
  constructor(store: KeyValueStore, fence: string, over: AbortSignal, teller: Teller) {
    this.#store = store;
    this.#fence = fence;
    this.#over = over;
    this.#teller = teller;
  }

  /**
   * Writes in the given order, and asks for operations only as it goes. Throws the reason of `over`, `deposed` if another
   * leads, and TransferError if the store does not take it.
   */
  async write(operations: Iterable<Operation>, onWritten: (count: number) => void): Promise<void> {
    const source = operations[Symbol.iterator]();
    const waiting: Operation[] = [];
    let bytes = 0;
    for (;;) {
      this.#over.throwIfAborted();
      while (waiting.length < this.#limits.operationsCount && bytes <= this.#limits.bytes) {
        const next = source.next();
        if (next.done) break;
        waiting.push(next.value);
        bytes += sized(next.value).bytes;
      }
      if (waiting.length === 0) return;
      const count = this.#fitting(waiting);
      if (!(await this.#commit(waiting.slice(0, count)))) continue;
      for (const operation of waiting.splice(0, count)) bytes -= sized(operation).bytes;
      onWritten(count);
      // An embedded store never waits for anything, and a signal that asks to stop would not be heard.
      await yieldToOthers();
    }
  }

  /** How many of the operations, from the first on, are one transaction. */
  #fitting(operations: readonly Operation[]): number {
    let bytes = 0;
    let count = 0;
    for (const operation of operations) {
      bytes += sized(operation).bytes;
      if (count > 0 && (count >= this.#limits.operationsCount || bytes > this.#limits.bytes)) break;
      count += 1;
    }
    return count;
  }

  /** Returns whether it was written; if not, less is to be tried. */
  async #commit(operations: readonly Operation[]): Promise<boolean> {
    const timeout = AbortSignal.timeout(COMMIT_WITHIN_MS);
    const log = { warn: (_fields: object, message: string) => this.#teller.say(message) };
    try {
      const over = AbortSignal.any([this.#over, timeout]);
      ({ fence: this.#fence } = await commitFenced(this.#store, fencedCommit(operations, this.#fence), over, log));
      return true;
    } catch (error) {
      if (timeout.aborted && error === timeout.reason) {
        throw new TransferError([`${this.#store.name} did not take a transaction within ${COMMIT_WITHIN_MS / 1000} s`]);
      }
      if (!StoreError.is(error, 'too_large') && !StoreError.is(error, 'invalid_argument')) throw error;
      const [only] = operations;
      if (operations.length === 1) throw new TransferError([`${only?.key} is refused: ${error.message}`]);
      const bytes = operations.reduce((sum, operation) => sum + sized(operation).bytes, 0);
      this.#limits = { operationsCount: Math.floor(operations.length / 2), bytes: Math.floor(bytes / 2) };
      return false;
    }
  }
}
