import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until it passes, or throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 10_000, everyMs = 20): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(everyMs);
    }
  }
}
