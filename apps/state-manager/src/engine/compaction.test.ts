import { Fleet } from '@statemanager/state-machine';
import { StoreError, openMemoryStore, type Leadership } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CANDIDATE, ScriptedStore, recordLog } from '../../test/kit/engine.ts';
import type { Term } from '../manager.ts';
import { Compaction } from './compaction.ts';

const KEEP_MS = 5000;
const STEP_MS = KEEP_MS / 5;

describe('compaction', () => {
  let store: ScriptedStore;
  let leadership: Leadership;
  let ended: AbortController;
  const recorded = recordLog();

  beforeEach(async () => {
    vi.useFakeTimers();
    recorded.lines.length = 0;
    store = new ScriptedStore(openMemoryStore());
    leadership = await store.lead(CANDIDATE);
    ended = new AbortController();
  });

  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
  });

  const begin = (keepMs = KEEP_MS): Compaction => {
    const compaction = new Compaction(store, keepMs, recorded.log);
    const term: Term = { leadership, view: new Fleet(), ended: ended.signal };
    compaction.onTerm(term);
    return compaction;
  };

  /** A commit, as its followers hear of it. */
  async function commit(compaction: Compaction): Promise<number> {
    const revision = await store.put('/k', `${Math.random()}`);
    compaction.onCommit({ revision, transitions: [], changes: new Fleet() });
    return revision;
  }

  it('forgets what is older than what is kept, and nothing younger', async () => {
    const compaction = begin();
    const revisions: number[] = [];
    for (let step = 0; step < 12; step += 1) {
      revisions.push(await commit(compaction));
      await vi.advanceTimersByTimeAsync(STEP_MS);
    }
    expect(store.compactedTo).toEqual(revisions.slice(0, 7));
    expect((await store.get('/k'))?.revision).toBe(revisions.at(-1));
  });

  it('does nothing while nothing is committed, and then goes on', async () => {
    const compaction = begin();
    await vi.advanceTimersByTimeAsync(10 * KEEP_MS);
    expect(store.compactedTo).toEqual([]);
    const first = await commit(compaction);
    await vi.advanceTimersByTimeAsync(10 * KEEP_MS);
    expect(store.compactedTo).toEqual([]);
    await commit(compaction);
    await vi.advanceTimersByTimeAsync(2 * KEEP_MS);
    expect(store.compactedTo).toEqual([first]);
  });

  it('keeps no more than so many bytes, however young they are', async () => {
    const compaction = new Compaction(store, KEEP_MS, recorded.log, 500);
    compaction.onTerm({ leadership, view: new Fleet(), ended: ended.signal });
    const revisions: number[] = [];
    for (let i = 0; i < 24; i += 1) {
      const revision = await store.put('/k', `${i}`);
      compaction.onCommit({ revision, transitions: [], changes: new Fleet(), bytes: 50 });
      revisions.push(revision);
      await vi.advanceTimersByTimeAsync(1);
    }
    // A step is two of them, and five steps are kept.
    expect(store.compactedTo).toEqual(revisions.filter((_, i) => i % 2 === 1).slice(0, 7));
    compaction.onTermEnd();
  });

  /** Commits so many bytes. */
  async function write(compaction: Compaction, bytes: number): Promise<void> {
    const revision = await store.put('/k', `${Math.random()}`);
    compaction.onCommit({ revision, transitions: [], changes: new Fleet(), bytes });
  }

  it('has commits wait while the store forgets more slowly than it is written to, the longer the more is left', async () => {
    const compaction = new Compaction(store, KEEP_MS, recorded.log, 500);
    compaction.onTerm({ leadership, view: new Fleet(), ended: ended.signal });
    let forget = (): void => undefined;
    const compact = store.compact.bind(store);
    store.compact = async (revision) => {
      await new Promise<void>((resolve) => (forget = resolve));
      await compact(revision);
    };
    for (let i = 0; i < 10; i += 1) await write(compaction, 100);
    expect(compaction.pauseMs(100), 'twice what is kept').toBe(0);
    const pauses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      await write(compaction, 100);
      pauses.push(Math.round(compaction.pauseMs(100)));
    }
    expect(pauses).toEqual([25, 67, 150, 400, 1000, 1000]);
    expect(recorded.said('the store forgets more slowly than it is written to: commits are paced')).toHaveLength(1);

    forget();
    await vi.advanceTimersByTimeAsync(0);
    expect(compaction.pauseMs(100), 'the first step is gone, and the next is being forgotten').toBe(1000);
    forget();
    await vi.advanceTimersByTimeAsync(0);
    expect(compaction.pauseMs(100), 'all that is to go is gone').toBe(0);
    expect(store.compactedTo).toHaveLength(2);
    expect(
      recorded.said('the store has forgotten what it should: commits are not paced any more'),
      'once, and after all of it',
    ).toHaveLength(1);
    compaction.onTermEnd();
  });

  it('has nothing wait for a store that refuses to forget', async () => {
    const compaction = new Compaction(store, KEEP_MS, recorded.log, 500);
    compaction.onTerm({ leadership, view: new Fleet(), ended: ended.signal });
    store.compact = () => Promise.reject(new StoreError('unavailable', 'it is away'));
    for (let i = 0; i < 20; i += 1) await write(compaction, 100);
    await vi.advanceTimersByTimeAsync(0);
    expect(compaction.pauseMs(100)).toBe(0);
    compaction.onTermEnd();
  });

  it('leaves the history alone where that is wanted', async () => {
    const compaction = begin(0);
    await commit(compaction);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the term, and knows nothing of the one before', async () => {
    const compaction = begin();
    for (let step = 0; step < 5; step += 1) {
      await commit(compaction);
      await vi.advanceTimersByTimeAsync(STEP_MS);
    }
    compaction.onTermEnd();
    expect(vi.getTimerCount()).toBe(0);
    compaction.onTerm({ leadership, view: new Fleet(), ended: ended.signal });
    await vi.advanceTimersByTimeAsync(5 * STEP_MS);
    expect(store.compactedTo).toEqual([]);
    compaction.onTermEnd();
  });

  it('goes on when the store refuses, and says so', async () => {
    const compaction = begin();
    const compact = store.compact.bind(store);
    store.compact = () => Promise.reject(new StoreError('unavailable', 'it is away'));
    for (let step = 0; step < 6; step += 1) {
      await commit(compaction);
      await vi.advanceTimersByTimeAsync(STEP_MS);
    }
    expect(recorded.said('history could not be compacted')).toHaveLength(1);
    store.compact = compact;
    await commit(compaction);
    await vi.advanceTimersByTimeAsync(STEP_MS);
    expect(store.compactedTo).toHaveLength(1);
  });
});
