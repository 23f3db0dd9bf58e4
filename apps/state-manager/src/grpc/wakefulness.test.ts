import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Wakefulness } from './wakefulness.ts';

describe('wakefulness', () => {
  let awake: Wakefulness;

  beforeEach(() => {
    vi.useFakeTimers();
    awake = new Wakefulness();
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Time passes, and no timer fires. */
  const standStill = (ms: number): void => {
    const now = performance.now() + ms;
    vi.spyOn(performance, 'now').mockReturnValue(now);
  };

  it('is settled while timers come in time', () => {
    expect(awake.isSettled).toBe(true);
    vi.advanceTimersByTime(10_000);
    expect(awake.isSettled).toBe(true);
  });

  it('is not settled for a moment after the process has stood still', () => {
    standStill(5000);
    expect(awake.isSettled).toBe(false);
    standStill(99);
    expect(awake.isSettled).toBe(false);
    standStill(1);
    expect(awake.isSettled).toBe(true);
  });

  it('has nothing of a caller who turns out to be gone', async () => {
    standStill(5000);
    const gone = new AbortController();
    const waiting = awake.settled(gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});
