import { setTimeout as sleep } from 'node:timers/promises';

/** Waits that grow: 50 ms at first, at most a second. */
export interface Backoff {
  /** Waits, or throws the signal's reason when it aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** Begins again with the shortest wait. */
  reset(): void;
}

const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 1000;

/** A {@link Backoff} with jitter, so that a crowd of clients does not come back at the same moment. */
export function createBackoff(): Backoff {
  let nextMs = FIRST_WAIT_MS;
  return {
    wait: async (signal) => {
      const waitMs = nextMs * (0.5 + Math.random() / 2);
      nextMs = Math.min(MAX_WAIT_MS, nextMs * 2);
      await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    },
    reset: () => void (nextMs = FIRST_WAIT_MS),
  };
}
