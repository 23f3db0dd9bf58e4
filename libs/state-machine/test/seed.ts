import type { Parameters } from 'fast-check';

/** The seed of this run: a new one each time, or the one that an earlier run printed. */
export const SEED = Number(process.env['STATEMANAGER_SEED'] ?? Math.trunc(Math.random() * 0x7fffffff));

/** How long one property is tried, in milliseconds: a slow machine tries fewer cases. */
const PROPERTY_LIMIT_MS = 15_000;

/**
 * What every property here is run with; fast-check repeats the seed and the path when one fails. `round` is for whoever
 * tries again with other cases.
 */
export function seeded<T>(numRuns: number, round = 0): Parameters<T> {
  return { seed: (SEED + round) & 0x7fffffff, numRuns, interruptAfterTimeLimit: PROPERTY_LIMIT_MS };
}
