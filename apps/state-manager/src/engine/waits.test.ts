import { DEFAULT_RULE_OPTIONS, Fleet, decide, type Input } from '@statemanager/state-machine';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defined, report, reported } from '../../test/kit/engine.ts';
import { Waits } from './waits.ts';

const TIMES = { missingGraceMs: 5000, offloadGraceMs: 60_000, reconcileResetMs: 300_000 };

describe('waits', () => {
  let view: Fleet;
  let waits: Waits;
  let ended: Input[];

  beforeEach(() => {
    vi.useFakeTimers();
    view = new Fleet();
    ended = [];
    waits = new Waits(TIMES, (input) => ended.push(input));
  });

  afterEach(() => vi.useRealTimers());

  /** Commits an input, as the manager would. */
  function commit(input: Input): void {
    const decision = decide(view, input, DEFAULT_RULE_OPTIONS);
    if (!decision.accepted) throw new Error(decision.details);
    if (decision.changes === undefined) return;
    view.absorb(decision.changes);
    waits.follow(decision.changes);
  }

  const offload = (id: string, accepted = true): Input => ({
    type: 'offload-answered',
    model: 'm',
    id,
    accepted,
    ...{ sourceNode: 'n1', targetNode: 'n2', detail: '', source: 'test', at: 1 },
  });

  /** Lets the model be seen and then go missing, for the episode-th time. */
  function loseModel(): void {
    commit(report('n1', reported('m', 'running')));
    commit(report('n1'));
  }

  beforeEach(() => commit(defined('p', ['m'])));

  it('ends a grace after its time, once, and names the episode', () => {
    loseModel();
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual([expect.objectContaining({ type: 'grace-over', model: 'm', episode: 1 })]);
    vi.advanceTimersByTime(10 * TIMES.offloadGraceMs);
    expect(ended).toHaveLength(1);
  });

  it('measures another episode from its own beginning', () => {
    loseModel();
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    loseModel();
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual([expect.objectContaining({ type: 'grace-over', episode: 2 })]);
  });

  it('does not begin anew because something else of the model changed', () => {
    loseModel();
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    commit(offload('o-1', false));
    vi.advanceTimersByTime(1);
    expect(ended.map(({ type }) => type)).toEqual(['grace-over']);
  });

  it('forgets a grace when the model is back', () => {
    loseModel();
    commit(report('n1', reported('m', 'running')));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives a model that is being offloaded longer, and then the ordinary grace', () => {
    commit(report('n1', reported('m', 'running')));
    commit(offload('o-1'));
    vi.advanceTimersByTime(1000);
    commit(report('n1'));
    vi.advanceTimersByTime(TIMES.offloadGraceMs - 1001);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual([expect.objectContaining({ type: 'offload-over', model: 'm', id: 'o-1' })]);
    commit(ended[0] as Input);
    vi.advanceTimersByTime(TIMES.missingGraceMs);
    expect(ended.slice(1)).toEqual([expect.objectContaining({ type: 'grace-over', episode: 1 })]);
  });

  it('begins the offload anew when another one is accepted', () => {
    commit(report('n1', reported('m', 'running')));
    commit(offload('o-1'));
    vi.advanceTimersByTime(TIMES.offloadGraceMs - 1);
    commit(offload('o-2'));
    vi.advanceTimersByTime(TIMES.offloadGraceMs - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual([expect.objectContaining({ type: 'offload-over', id: 'o-2' })]);
  });

  it('measures a backoff only while the package is well', () => {
    commit(report('n1', reported('m', 'exited', 1)));
    const intent = view.intent('p')?.id ?? '';
    commit({ type: 'attempt-started', packageName: 'p', intent, at: 1 });
    vi.advanceTimersByTime(2 * TIMES.reconcileResetMs);
    expect(ended).toEqual([]);
    commit(report('n1', reported('m', 'running')));
    vi.advanceTimersByTime(TIMES.reconcileResetMs - 1);
    commit(report('n1', reported('m', 'exited', 1)));
    vi.advanceTimersByTime(TIMES.reconcileResetMs);
    expect(ended).toEqual([]);
    commit(report('n1', reported('m', 'running')));
    vi.advanceTimersByTime(TIMES.reconcileResetMs);
    expect(ended).toEqual([expect.objectContaining({ type: 'backoff-over', packageName: 'p', intent: 'p/4' })]);
    commit(ended[0] as Input);
    expect(view.record('package', 'p')?.backoff).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begins the waits of a loaded view anew, and ends all of them with the term', () => {
    loseModel();
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    waits.end();
    expect(vi.getTimerCount()).toBe(0);
    waits.begin(view);
    vi.advanceTimersByTime(TIMES.missingGraceMs - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toHaveLength(1);
  });

  it('forgets what was waited for when the model is gone', () => {
    loseModel();
    commit(offload('o-1'));
    expect(vi.getTimerCount()).toBe(2);
    commit({ type: 'package-undefined', name: 'p', at: 1 });
    expect(view.record('model', 'm')?.state).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });
});
