import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../test/kit/engine.ts';
import { attemptDelayMs } from './backoff.ts';

const OPTIONS = { initialBackoffMs: 1000, maxBackoffMs: 60_000, healMs: 30_000, random: () => 0 };

describe('the backoff', () => {
  it.each([
    [1, false, 1000],
    [2, false, 2000],
    [3, false, 4000],
    [7, false, 60_000],
    [1000, false, 60_000],
    [0, false, 1000],
    [1, true, 30_000],
    [6, true, 32_000],
    [7, true, 60_000],
  ])('after %i attempts, accepted %s, is %i ms', (attempts, accepted, delayMs) => {
    expect(attemptDelayMs(attempts, accepted, OPTIONS)).toBe(delayMs);
  });

  it('is never shorter than promised, nor more than a fifth longer', () => {
    const seed = Number(process.env.STATEMANAGER_SEED ?? Math.trunc(Math.random() * 2 ** 31));
    console.log(`backoff: STATEMANAGER_SEED=${seed}`);
    const random = randomFrom(seed);
    const pick = (most: number): number => Math.floor(random() * most);
    for (let i = 0; i < 2000; i += 1) {
      const options = { initialBackoffMs: 1 + pick(5000), maxBackoffMs: 1 + pick(100_000), healMs: 1 + pick(100_000) };
      const attempts = pick(100);
      const accepted = pick(2) === 1;
      const promisedMs = attemptDelayMs(attempts, accepted, { ...options, random: () => 0 });
      const delayMs = attemptDelayMs(attempts, accepted, { ...options, random });
      expect(delayMs).toBeGreaterThanOrEqual(promisedMs);
      expect(delayMs).toBeLessThanOrEqual(promisedMs * 1.2);
      const backoffMs = Math.min(options.maxBackoffMs, options.initialBackoffMs * 2 ** Math.max(0, attempts - 1));
      expect(promisedMs).toBe(accepted ? Math.max(options.healMs, backoffMs) : backoffMs);
      expect(attemptDelayMs(attempts + 1, accepted, { ...options, random: () => 0 })).toBeGreaterThanOrEqual(
        promisedMs,
      );
    }
  });
});
