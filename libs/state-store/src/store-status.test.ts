import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from './store-error.ts';
import type { StoreErrorReason } from './store-error.ts';
import { SLOW_MS, WriteMemory, statusOf } from './store-status.ts';

function failed(reason?: StoreErrorReason): StoreError {
  return new StoreError('unavailable', `it is ${reason}`, reason === undefined ? {} : { reason });
}

describe('the status of a store', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const look = { name: 'it', tookMs: 1.4, writes: new WriteMemory() };

  it('says how long a look took, and how large the store is', () => {
    expect(statusOf({ ...look, sizeBytes: 4096 })).toEqual({
      ...{ state: 'ok', detail: 'it serves', latencyMs: 1, sizeBytes: 4096 },
    });
    expect(statusOf({ ...look, tookMs: SLOW_MS })).toMatchObject({ state: 'slow', latencyMs: SLOW_MS });
  });

  it.each([
    ['no_space', 'no_space'],
    ['read_only', 'read_only'],
    ['timeout', 'unavailable'],
    [undefined, 'unavailable'],
  ] as const)('of a look that failed with %s is %s', (reason, state) => {
    const status = statusOf({ ...look, failure: failed(reason) });
    expect(status).toMatchObject({ state, detail: `it is ${reason}` });
    expect(status.reason).toBe(reason);
  });

  it('remembers a write that failed for as long as it matters, or until one succeeds', () => {
    const writes = new WriteMemory();
    writes.note(5, failed('permission_denied'));
    expect(statusOf({ ...look, writes })).toMatchObject({ state: 'unavailable', reason: 'permission_denied' });
    writes.note(5, new StoreError('invalid_argument', "the caller's mistake"));
    vi.advanceTimersByTime(9_000);
    expect(statusOf({ ...look, writes }).state).toBe('unavailable');
    vi.advanceTimersByTime(1_001);
    expect(statusOf({ ...look, writes }).state).toBe('ok');
    writes.note(5, failed('read_only'));
    writes.note(5);
    expect(statusOf({ ...look, writes }).state).toBe('ok');
  });

  it('does not hold against it what a read, or the store itself, disproves', () => {
    const writes = new WriteMemory();
    writes.note(5, failed('no_leader'));
    expect(statusOf({ ...look, writes }).state).toBe('ok');
    writes.note(5, failed('no_space'));
    expect(statusOf({ ...look, writes }).state).toBe('no_space');
    expect(statusOf({ ...look, writes, hasSpace: true }).state).toBe('ok');
  });

  it('is slow after a slow write, until a quick one, or a minute without any', () => {
    const writes = new WriteMemory();
    writes.note(SLOW_MS + 1);
    expect(statusOf({ ...look, writes })).toMatchObject({ state: 'slow', latencyMs: SLOW_MS + 1 });
    vi.advanceTimersByTime(60_001);
    expect(statusOf({ ...look, writes }).state).toBe('ok');
    writes.note(SLOW_MS + 1);
    writes.note(1);
    expect(statusOf({ ...look, writes }).state).toBe('ok');
  });
});
