import { setTimeout as sleep } from 'node:timers/promises';

/** How often the process looks at itself. */
const LOOK_EVERY_MS = 100;

/** Whoever has not looked for so long has stood still. */
const STOOD_STILL_MS = 400;

/** So soon after that, everything has been read that came meanwhile. */
const READ_WITHIN_MS = 100;

/**
 * Whether this process has just gone on after it had stood still: frozen, suspended, or without the processor. What it
 * reads then may be old, and the caller gone for long; that the caller is gone stands behind it, in the same connection.
 */
export class Wakefulness {
  #lookedAt = performance.now();
  #wokeAt = Number.NEGATIVE_INFINITY;

  constructor() {
    setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Whether what is read now has come now. */
  get isSettled(): boolean {
    return this.#look() - this.#wokeAt >= READ_WITHIN_MS;
  }

  /** Resolves when what came while the process stood still has been read. Throws the signal's reason when it aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    while (!this.isSettled) {
      await sleep(READ_WITHIN_MS, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }

  #look(): number {
    const now = performance.now();
    if (now - this.#lookedAt > STOOD_STILL_MS) this.#wokeAt = now;
    this.#lookedAt = now;
    return now;
  }
}
