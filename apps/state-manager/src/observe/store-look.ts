import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyValueStore, StoreStatus } from '@statemanager/state-store';

/** How often the store is looked at, in milliseconds. */
export const LOOK_EVERY_MS = 2000;

/** What was found when the store was looked at last, and how long ago that is, in milliseconds. */
export interface SeenStore extends StoreStatus {
  readonly ageMs: number;
}

/** Looks at the store now and then, so that whoever asks how it is does not have to wait for it. */
export class StoreLook {
  #status: StoreStatus | undefined;
  #at = 0;

  /** Begins to look, until the store is closed. Keeps no process alive. */
  start(store: Pick<KeyValueStore, 'status'>, everyMs = LOOK_EVERY_MS): void {
    // A store throws nothing but that it is closed.
    void this.#run(store, everyMs).catch(() => undefined);
  }

  /** undefined: nobody has looked yet. */
  get last(): SeenStore | undefined {
    return this.#status && { ...this.#status, ageMs: Math.round(performance.now() - this.#at) };
  }

  async #run(store: Pick<KeyValueStore, 'status'>, everyMs: number): Promise<void> {
    for (;;) {
      this.#status = await store.status();
      this.#at = performance.now();
      await sleep(everyMs, undefined, { ref: false });
    }
  }
}
