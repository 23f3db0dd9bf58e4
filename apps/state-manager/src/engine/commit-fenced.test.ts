import { FENCE_KEY, StoreError, openMemoryStore, type Leadership } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, ScriptedStore, recordLog } from '../../test/kit/engine.ts';
import { commitFenced, fencedCommit } from './commit-fenced.ts';

const { log } = recordLog();
const operations = [{ type: 'put', key: '/k', value: 'v' }] as const;
const unavailable = (): Promise<never> => Promise.reject(new StoreError('unavailable', 'it is away'));

describe('commitFenced', () => {
  let store: ScriptedStore;
  let leadership: Leadership;

  beforeEach(async () => {
    store = new ScriptedStore(openMemoryStore());
    leadership = await store.lead(CANDIDATE);
  });

  afterEach(() => store.close());

  const commit = (
    fence = leadership.fence,
    lost = leadership.lost,
  ): Promise<{ readonly revision: number; readonly fence: string }> =>
    commitFenced(store, fencedCommit(operations, fence), lost, log);

  /** Checks that the operations were applied exactly once, at this revision and with this fence. */
  async function expectApplied({ revision, fence }: { revision: number; fence: string }): Promise<void> {
    expect(await store.get('/k')).toEqual({ key: '/k', value: 'v', revision });
    expect(await store.get(FENCE_KEY)).toEqual({ key: FENCE_KEY, value: fence, revision });
  }

  it('applies the operations, moves the fence, and the next commit continues the chain', async () => {
    const first = await commit();
    await expectApplied(first);
    expect(first.fence).not.toBe(leadership.fence);
    const second = await commit(first.fence);
    expect(second.revision).toBe(first.revision + 1);
  });

  it('is deposed when another writer moved the fence, and changes nothing', async () => {
    await expect(commit('some other fence')).rejects.toMatchObject({ code: 'deposed' });
    expect(await store.get('/k')).toBeUndefined();
    expect(store.commits).toHaveLength(1);
  });

  it('finds out that a try of unknown outcome was applied', async () => {
    store.steps.push(async (apply) => {
      await apply();
      return { outcome: 'unknown', cause: new Error('cut off') };
    });
    await expectApplied(await commit());
    expect(store.commits).toHaveLength(2);
    expect(store.commits[1]).toEqual(store.commits[0]);
  });

  it('sends a try of unknown outcome again that was not applied', async () => {
    store.steps.push(() => Promise.resolve({ outcome: 'unknown', cause: new Error('cut off') }));
    await expectApplied(await commit());
    expect(store.commits).toHaveLength(2);
  });

  it('is deposed when another writer moved the fence after a try of unknown outcome', async () => {
    store.steps.push(async () => {
      await store.put(FENCE_KEY, 'of another');
      return { outcome: 'unknown', cause: new Error('cut off') };
    });
    await expect(commit()).rejects.toMatchObject({ code: 'deposed' });
    expect(await store.get('/k')).toBeUndefined();
  });

  it('asks again while the store is away', async () => {
    store.steps.push(unavailable, unavailable);
    await expectApplied(await commit());
    expect(store.commits).toHaveLength(3);
  });

  it('asks again when it cannot read what became of a try', async () => {
    store.steps.push(async (apply) => {
      await apply();
      return { outcome: 'unknown', cause: new Error('cut off') };
    });
    let gets = 0;
    store.onGet = (get) => ((gets += 1) === 1 ? unavailable() : get());
    const applied = await commit();
    store.onGet = undefined;
    await expectApplied(applied);
    expect(gets).toBe(2);
  });

  it('takes a conflict after tries that surely failed for what it is', async () => {
    store.steps.push(async () => {
      await store.put(FENCE_KEY, 'of another');
      return unavailable();
    });
    await expect(commit()).rejects.toMatchObject({ code: 'deposed' });
  });

  it('gives up with the reason when the leadership is lost meanwhile', async () => {
    const lost = new AbortController();
    store.always = unavailable;
    const committing = commit(leadership.fence, lost.signal);
    lost.abort(new StoreError('deposed', 'the lease ran out'));
    await expect(committing).rejects.toThrow('the lease ran out');
    expect(store.commits).toHaveLength(1);
  });

  it.each(['too_large', 'invalid_argument', 'closed', 'corrupt'] as const)('passes on %s at once', async (code) => {
    store.always = () => Promise.reject(new StoreError(code, 'no'));
    await expect(commit()).rejects.toMatchObject({ code });
    expect(store.commits).toHaveLength(1);
  });
});
