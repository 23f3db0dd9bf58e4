import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until it no longer throws, and returns what it returned; after `withinMs` it throws the last error. */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 10_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** Waits until `condition` is true; after `withinMs` it throws an error that names it. */
export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
  await eventually(() => {
    if (!condition()) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
  }, withinMs);
}
