/**
 * The seed of this run: a new one each time, or the one that an earlier run printed, given as STATEMANAGER_SEED. It
 * repeats what is asked and when the service is killed, not how processes interleave.
 */
export const SEED = Number(process.env['STATEMANAGER_SEED'] ?? Math.trunc(Math.random() * 0x7fffffff));

/** A stream of numbers that a seed and a name repeat. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  /** An integer from `least` to `most`. */
  between(least: number, most: number): number;
  one<T>(of: readonly T[]): T;
}

/** Makes a {@link Chance}: streams of different names do not depend on how often the others were asked. */
export function chanceOf(name: string): Chance {
  let state = SEED;
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x9e3779b1) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return { next, between, one: <T>(of: readonly T[]) => of[between(0, of.length - 1)] as T };
}
