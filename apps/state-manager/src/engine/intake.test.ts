import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { change, report } from '../../test/kit/engine.ts';
import { Intake, fail } from './intake.ts';
import { EngineError } from './engine-error.ts';
import type { Entry } from './input-queue.ts';

const ANSWER_WITHIN_MS = 1000;

/** The next input that waits, as the engine takes it. */
function take(intake: Intake<string>): Entry<string> {
  const entry = intake.queue.take();
  if (entry === undefined) throw new Error('nothing waits');
  return entry;
}

/** Answers everyone who waits for an input. */
function answer(entry: Entry<string>, outcome: string): void {
  for (const ticket of [...entry.tickets]) ticket.resolve(outcome);
}

/** How a submission ended: its answer, or its error's code; undefined while it waits. */
function watched(submission: Promise<string>): { ended: string | undefined; text: string } {
  const seen: { ended: string | undefined; text: string } = { ended: undefined, text: '' };
  submission.then(
    (outcome) => (seen.ended = outcome),
    (error: EngineError) => Object.assign(seen, { ended: error.code, text: error.message }),
  );
  return seen;
}

describe('the intake', () => {
  let intake: Intake<string>;

  beforeEach(() => {
    vi.useFakeTimers();
    intake = new Intake<string>({ maxQueueCount: 2, answerWithinMs: ANSWER_WITHIN_MS });
  });

  afterEach(() => vi.useRealTimers());

  it('answers all callers of one node with the commit of its newest report', async () => {
    const older = intake.submit(report('n1'));
    const newer = intake.submit(report('n1'));
    answer(take(intake), 'done');
    expect(await Promise.all([older, newer])).toEqual(['done', 'done']);
    expect(intake.queue.take()).toBeUndefined();
  });

  it('refuses a change when too many wait, at once', async () => {
    void intake.submit(change('a')).catch(() => undefined);
    void intake.submit(change('b')).catch(() => undefined);
    await expect(intake.submit(change('c'))).rejects.toMatchObject({ code: 'queue_full' });
    const reports = watched(intake.submit(report('n1')));
    await vi.advanceTimersByTimeAsync(0);
    expect(reports.ended).toBeUndefined();
  });

  it('answers a late report and keeps it', async () => {
    const seen = watched(intake.submit(report('n1')));
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
    expect(seen).toEqual({ ended: 'store_unavailable', text: expect.stringContaining('stays queued') as string });
    expect(intake.queue.size).toBe(1);
    expect(take(intake).tickets.size).toBe(0);
  });

  it('withdraws a late change, and says that nothing was changed', async () => {
    const seen = watched(intake.submit(change('a')));
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
    expect(seen).toEqual({
      ended: 'store_unavailable',
      text: expect.stringContaining('nothing was changed') as string,
    });
    expect(intake.queue.size).toBe(0);
  });

  it('says of a late change that is being committed that it may still be applied', async () => {
    const seen = watched(intake.submit(change('a')));
    const entry = take(intake);
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
    expect(seen).toEqual({ ended: 'store_unavailable', text: expect.stringContaining('transition_id') as string });
    answer(entry, 'done');
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.ended).toBe('store_unavailable');
  });

  describe.each([
    { type: 'node-forgotten', node: 'n1', source: 'operator', at: 1 },
    { type: 'resource-deleted', kind: 'model', name: 'm', source: 'operator', at: 1 },
    { type: 'reconcile-paused', packageName: 'p', at: 1 },
    { type: 'reconcile-resumed', packageName: 'p', at: 1 },
  ] as const)('what an operator asks for: $type', (input) => {
    it('is withdrawn when it is late, and nothing was changed', async () => {
      const seen = watched(intake.submit(input));
      await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS - 1);
      expect(seen.ended).toBeUndefined();
      await vi.advanceTimersByTimeAsync(1);
      expect(seen.ended).toBe('store_unavailable');
      expect(seen.text).toMatch(/--answer-within-ms.*; nothing was changed$/);
      expect(intake.queue.size).toBe(0);
    });

    it('may still be applied when it is late and being committed', async () => {
      const seen = watched(intake.submit(input));
      take(intake);
      await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
      expect(seen.ended).toBe('store_unavailable');
      expect(seen.text).toMatch(/; it may still be applied$/);
    });

    it('waits over the end of a term', async () => {
      const seen = watched(intake.submit(input));
      intake.endTerm();
      await vi.advanceTimersByTimeAsync(0);
      expect(seen.ended).toBeUndefined();
      answer(take(intake), 'done');
      await vi.advanceTimersByTimeAsync(0);
      expect(seen.ended).toBe('done');
    });

    it('is withdrawn with its caller, and is not taken once it is closed', async () => {
      const caller = new AbortController();
      const seen = watched(intake.submit(input, { signal: caller.signal }));
      caller.abort();
      await vi.advanceTimersByTimeAsync(0);
      expect([seen.ended, intake.queue.size]).toEqual(['cancelled', 0]);
      intake.close();
      await expect(intake.submit(input)).rejects.toMatchObject({ code: 'stopping' });
    });

    it('does not enter a full queue', async () => {
      for (const name of ['a', 'b']) void intake.submit(change(name)).catch(() => undefined);
      await expect(intake.submit(input)).rejects.toMatchObject({ code: 'queue_full' });
    });
  });

  it('lets what is ours wait as long as it takes', async () => {
    const seen = watched(intake.submit({ type: 'leading', packages: [], at: 1 }));
    await vi.advanceTimersByTimeAsync(100 * ANSWER_WITHIN_MS);
    expect(seen.ended).toBeUndefined();
    answer(take(intake), 'done');
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.ended).toBe('done');
  });

  it('tells the caller of an offload in time, and keeps its note queued', async () => {
    const offload = { type: 'offload-answered', model: 'm', id: 'o-1', accepted: true, at: 1 } as const;
    const nodes = { sourceNode: 'n1', targetNode: 'n2', detail: '', source: 'test' };
    const seen = watched(intake.submit({ ...offload, ...nodes }));
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
    expect(seen.ended).toBe('store_unavailable');
    expect(intake.queue.size).toBe(1);
  });

  it('drops a report whose caller gave up before it was decided', async () => {
    const caller = new AbortController();
    const seen = watched(intake.submit(report('n1'), { signal: caller.signal }));
    caller.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.ended).toBe('cancelled');
    expect(intake.queue.size).toBe(0);
  });

  it('does not drop a newer report when the caller of an older one gives up', async () => {
    const caller = new AbortController();
    const older = watched(intake.submit(report('n1'), { signal: caller.signal }));
    const newer = watched(intake.submit(report('n1')));
    caller.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect([older.ended, newer.ended]).toEqual(['cancelled', undefined]);
    answer(take(intake), 'done');
    await vi.advanceTimersByTimeAsync(0);
    expect([older.ended, newer.ended]).toEqual(['cancelled', 'done']);
  });

  it('keeps a report that took the place of an older one, although its caller gave up', async () => {
    const caller = new AbortController();
    const older = watched(intake.submit(report('n1')));
    const newer = watched(intake.submit(report('n1'), { signal: caller.signal }));
    caller.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect([older.ended, newer.ended]).toEqual([undefined, 'cancelled']);
    expect(intake.queue.size).toBe(1);
    answer(take(intake), 'done');
    await vi.advanceTimersByTimeAsync(0);
    expect(older.ended).toBe('done');
  });

  it('takes nothing from a caller who gave up before', async () => {
    await expect(intake.submit(change('a'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(intake.queue.size).toBe(0);
  });

  it('leaves no timer and no listener behind', async () => {
    const caller = new AbortController();
    const added = vi.spyOn(caller.signal, 'addEventListener');
    const removed = vi.spyOn(caller.signal, 'removeEventListener');
    const submission = intake.submit(report('n1'), { signal: caller.signal });
    answer(take(intake), 'done');
    await submission;
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets the callers of replaced reports once they were answered: an outage must not fill the memory', async () => {
    const seen = [];
    for (let i = 0; i < 50; i += 1) {
      seen.push(watched(intake.submit(report('n1'))));
      await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS / 2);
    }
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS);
    expect(seen.map(({ ended }) => ended)).toEqual(seen.map(() => 'store_unavailable'));
    expect(take(intake).tickets.size).toBe(0);
  });

  it('takes no more from callers once it is closed, but what is ours', async () => {
    intake.close();
    await expect(intake.submit(report('n1'))).rejects.toMatchObject({ code: 'stopping' });
    await expect(intake.submit(change('a'))).rejects.toMatchObject({ code: 'stopping' });
    void intake.submit({ type: 'leading', packages: [], at: 1 });
    expect(intake.queue.size).toBe(1);
  });

  it('fails everyone who waits for an input', async () => {
    const seen = [watched(intake.submit(report('n1'))), watched(intake.submit(report('n1')))];
    fail(take(intake), new EngineError('too_large', 'it is too large'));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.map(({ ended }) => ended)).toEqual(['too_large', 'too_large']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
