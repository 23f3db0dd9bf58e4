import { StoreError, openMemoryStore, stateKey } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CANDIDATE,
  ScriptedStore,
  change,
  createManager,
  defined,
  door,
  recordLog,
  report,
  reported,
} from '../test/kit/engine.ts';
import { eventually } from '../test/kit/eventually.ts';
import type { Follower, Manager, Term } from './manager.ts';

const unavailable = (): Promise<never> => Promise.reject(new StoreError('unavailable', 'it is away'));

describe('the terms of a manager', () => {
  let store: ScriptedStore;
  let manager: Manager;
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    store = new ScriptedStore(openMemoryStore());
    manager = createManager(store, recorded.log);
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  const stateOf = async (kind: 'model' | 'package' | 'scenario', name: string): Promise<string | undefined> =>
    (await store.get(stateKey(kind, name)))?.value;

  /** Takes the leadership away: somebody else writes the leader key, and is gone again. */
  const depose = (): Promise<number> => store.put('/statemanager/leader', '{"id":"another","address":"a:1"}');

  /** Keeps the terms that a manager tells it of. */
  function followTerms(more: Partial<Follower> = {}): Term[] {
    const terms: Term[] = [];
    manager.follow({
      onTerm: async (term) => {
        terms.push(term);
        return (await more.onTerm?.(term)) ?? [];
      },
    });
    return terms;
  }

  it('decides what followers say at the beginning before anything that waits', async () => {
    followTerms({ onTerm: () => [defined('p', ['m'])] });
    const waiting = manager.submit(report('n1', reported('m', 'exited', 1)));
    manager.start(CANDIDATE);
    await waiting;
    expect(await stateOf('package', 'p')).toBe('Error');
    await eventually(() => expect(recorded.said('transition')).toHaveLength(3));
    expect(recorded.said('transition').map(({ kind, to }) => `${String(kind)} ${String(to)}`)).toEqual([
      'package Idle',
      'model Dead',
      'package Error',
    ]);
  });

  it('ends a term when the leadership is lost, and leads again', async () => {
    const terms = followTerms();
    manager.start(CANDIDATE);
    await manager.submit(change('s'));
    await depose();
    await eventually(() => expect(terms).toHaveLength(2));
    expect(terms[0]?.ended.aborted).toBe(true);
    expect(await manager.submit(change('s', { targetState: 'waiting', transitionId: 't-2' }))).toMatchObject({
      accepted: true,
    });
    expect(terms[1]?.view.record('scenario', 's')?.state).toBe('Waiting');
  });

  it('begins with as many inputs as there are', async () => {
    const many = Array.from(
      { length: 200_000 },
      (_, i) => ({ type: 'package-undefined', name: `p${i}`, at: 1 }) as const,
    );
    followTerms({ onTerm: () => [...many, defined('p', ['m'])] });
    manager.start(CANDIDATE);
    await manager.submit(change('s'));
    expect(await stateOf('package', 'p')).toBe('Idle');
  });

  it('leads again as soon after the tenth loss as after the first', async () => {
    const terms = followTerms();
    manager.start(CANDIDATE);
    for (let i = 1; i <= 10; i += 1) {
      await manager.submit(change(`s${i}`));
      await depose();
      await eventually(() => expect(terms).toHaveLength(i + 1));
    }
    const waits = recorded.said('not leading; trying again').map(({ againInMs }) => againInMs);
    expect(waits).toEqual(Array.from({ length: 10 }, () => 50));
  });

  it('does not say that nothing was changed of what was sent in a term that is lost', async () => {
    manager = createManager(store, recorded.log, { answerWithinMs: 300 });
    let termsCount = 0;
    // The next term does not begin before the caller has its answer.
    followTerms({ onTerm: () => ((termsCount += 1) > 1 ? Promise.reject(new Error('not yet')) : []) });
    manager.start(CANDIDATE);
    await manager.submit(change('s'));
    store.steps.push(async (apply) => {
      await apply();
      await depose();
      return { outcome: 'unknown', cause: new Error('no answer') };
    });
    const answer = manager.submit(change('lost'));
    await expect(answer).rejects.toThrow(/it may still be applied: repeat it with the same transition_id/);
    expect(await stateOf('scenario', 'lost')).toBe('Idle');
    await expect(manager.submit(change('never'))).rejects.toThrow(/nothing was changed/);
  });

  it('waits longer each time when it cannot lead at all', async () => {
    followTerms({ onTerm: () => Promise.reject(new Error('not yet')) });
    manager.start(CANDIDATE);
    await eventually(() => expect(recorded.said('not leading; trying again').length).toBeGreaterThan(3));
    const waits = recorded.said('not leading; trying again').map(({ againInMs }) => againInMs);
    expect(waits.slice(0, 4)).toEqual([50, 100, 200, 400]);
  });

  it('takes the last of a node’s reports that waited for a leader, also if the clock was put back meanwhile', async () => {
    const now = Date.now();
    const first = manager.submit({ ...report('n1', reported('m', 'running')), at: now });
    const second = manager.submit({ ...report('n1', reported('m', 'exited', 1)), at: now - 2000 });
    manager.start(CANDIDATE);
    expect([await first, await second]).toMatchObject([{ accepted: true }, { accepted: true }]);
    expect(await stateOf('model', 'm')).toBe('Dead');
  });

  it('tries again when a follower cannot begin, and tells all of them that the term is over', async () => {
    let tries = 0;
    let ends = 0;
    manager.follow({ onTermEnd: () => void (ends += 1) });
    manager.follow({
      onTerm: () => {
        tries += 1;
        if (tries === 1) throw new Error('not yet');
        return [];
      },
    });
    manager.start(CANDIDATE);
    expect(await manager.submit(change('s'))).toMatchObject({ accepted: true });
    expect([tries, ends]).toEqual([2, 1]);
  });

  it('forgets what an earlier term had read of the store: the present one has read it again', async () => {
    const revisions = [9, 5];
    followTerms({ onTerm: () => [defined('p', [`m-${revisions.at(-1)}`], revisions.pop() ?? 0)] });
    // The first term reads revision 5 and is deposed before that is committed; meanwhile it became 9.
    store.steps.push(async () => {
      await depose();
      return unavailable();
    });
    manager.start(CANDIDATE);
    await manager.submit(change('s'));
    const record = await store.get('/statemanager/record/package/p');
    expect(record?.value).toContain('"models":["m-9"]');
  });

  it('answers whoever submitted what an earlier term had read', async () => {
    const commit = door();
    store.steps.push((_, asked) => commit.step(() => Promise.resolve({ outcome: 'conflict' }), asked));
    const terms = followTerms();
    manager.start(CANDIDATE);
    const first = manager.submit(change('s'));
    await commit.reached;
    const stale = manager.submit({ type: 'package-undefined', name: 'p', at: 1 }).catch((error: unknown) => error);
    commit.open();
    await first;
    expect(terms).toHaveLength(2);
    expect(await stale).toMatchObject({ code: 'cancelled' });
  });

  it('puts more state keys right than one transaction takes, and serves', async () => {
    const manyCount = 5000;
    for (let i = 0; i < manyCount; i += 1) {
      const record = { v: 1, state: 'Idle', since: 1, rule: 'r', cause: 'c', source: 's', generation: 1, applied: [] };
      await store.put(`/statemanager/record/scenario/s${i}`, JSON.stringify(record));
    }
    manager.start(CANDIDATE);
    expect(await manager.submit(change('new'))).toMatchObject({ accepted: true });
    expect((await store.getAllWithPrefix('/scenario/')).entries).toHaveLength(manyCount + 1);
  });

  it('does not put a state key right with what was overtaken in the same moment', async () => {
    manager.start(CANDIDATE);
    await manager.submit(report('n1', reported('m', 'running')));
    await manager.stop(1000);
    await store.put('/model/m/state', 'Paused');
    manager = createManager(store, recorded.log);
    const waiting = manager.submit(report('n1', reported('m', 'exited', 1)));
    manager.start(CANDIDATE);
    await waiting;
    expect(await stateOf('model', 'm')).toBe('Dead');
  });

  it('finishes what was accepted before it stops, and takes nothing more', async () => {
    manager.start(CANDIDATE);
    const commit = door();
    store.steps.push(commit.step);
    const accepted = [manager.submit(change('a'))];
    await commit.reached;
    accepted.push(manager.submit(report('n1', reported('m', 'running'))));
    const stopped = manager.stop(10_000);
    await expect(manager.submit(change('b'))).rejects.toMatchObject({ code: 'stopping' });
    commit.open();
    for (const outcome of await Promise.all(accepted)) expect(outcome.accepted).toBe(true);
    await stopped;
    expect(await store.get('/statemanager/leader')).toBeUndefined();
    expect(await stateOf('model', 'm')).toBe('Running');
  });

  it('stops in time although the store is away, and tells who still waits', async () => {
    manager.start(CANDIDATE);
    await manager.submit(change('a'));
    store.always = unavailable;
    const waiting = manager.submit(report('n1')).catch((error: unknown) => error);
    await eventually(() => expect(store.commits.length).toBeGreaterThan(2));
    await manager.stop(50);
    expect(await waiting).toMatchObject({ code: 'stopping' });
  });

  it('stops while somebody else leads', async () => {
    const other = await store.lead({ id: 'another', address: 'a:1' });
    manager.start(CANDIDATE);
    const waiting = manager.submit(report('n1')).catch((error: unknown) => error);
    await manager.stop(50);
    expect(await waiting).toMatchObject({ code: 'stopping' });
    await other.resign();
  });

  it('refuses everything once it has stopped: nobody would decide it', async () => {
    manager.start(CANDIDATE);
    await manager.stop(1000);
    const late = manager.submit({ type: 'leading', packages: [], at: 1 });
    await expect(late).rejects.toMatchObject({ code: 'stopping' });
  });

  it('waits longer and longer while it cannot lead', async () => {
    await store.close();
    manager.start(CANDIDATE);
    await eventually(() => expect(recorded.said('not leading; trying again').length).toBeGreaterThan(1));
    expect(recorded.said('not leading; trying again').length).toBeLessThan(10);
  });
});
