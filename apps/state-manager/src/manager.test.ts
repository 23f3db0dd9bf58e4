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
import type { Manager, Term } from './manager.ts';

const running = reported('m', 'running');
const dead = reported('m', 'exited', 137);

describe('the manager', () => {
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

  /** Starts and waits until everything of the beginning is committed. */
  async function start(): Promise<void> {
    manager.start(CANDIDATE);
    await manager.submit({ type: 'leading', packages: [], at: 1 });
    store.commits.length = 0;
  }

  it('lets inputs wait until it leads, and answers them then', async () => {
    const early = manager.submit(report('n1', running));
    manager.start(CANDIDATE);
    expect(await early).toMatchObject({ accepted: true });
    expect(await stateOf('model', 'm')).toBe('Running');
  });

  it('answers after the commit, and never before', async () => {
    await start();
    const commit = door();
    store.steps.push(commit.step);
    let answered = false;
    const answer = manager.submit(report('n1', running)).finally(() => (answered = true));
    await commit.reached;
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    commit.open();
    await answer;
    expect(await stateOf('model', 'm')).toBe('Running');
  });

  it('commits what gathers during a commit as one transaction, in its order', async () => {
    await start();
    const commit = door();
    store.steps.push(commit.step);
    const answers = [manager.submit(change('first'))];
    await commit.reached;
    for (let i = 0; i < 50; i += 1) answers.push(manager.submit(report(`n${i}`, reported(`m${i}`, 'running'))));
    answers.push(manager.submit(change('s', { transitionId: 't-1' })));
    answers.push(manager.submit(change('s', { targetState: 'waiting', currentState: 'Idle', transitionId: 't-2' })));
    commit.open();
    for (const outcome of await Promise.all(answers)) expect(outcome.accepted).toBe(true);
    expect(store.commits).toHaveLength(2);
    expect(await stateOf('scenario', 's')).toBe('Waiting');
  });

  it('writes nothing when nothing changed', async () => {
    await start();
    await manager.submit(report('n1', running));
    expect(store.commits).toHaveLength(1);
    expect(await manager.submit(report('n1', running))).toMatchObject({ message: 'node n1: unchanged' });
    expect(await manager.submit(change('s', { targetState: 'denied' }))).toMatchObject({ accepted: false });
    expect(store.commits).toHaveLength(1);
  });

  it('moves the fence before it answers from the view, when its leadership is not confirmed', async () => {
    await start();
    await manager.submit(report('n1', running));
    store.confirmed = false;
    await manager.submit(report('n1', running));
    expect(store.commits).toHaveLength(2);
    expect(store.commits[1]?.operations.map(({ key }) => key)).toEqual(['/statemanager/commit']);
  });

  it('does not answer from an old view: it finds out, loads again and decides anew', async () => {
    await start();
    await manager.submit(report('n1', running));
    store.confirmed = false;
    await store.put('/statemanager/commit', 'of another leader');
    await store.put('/package/other/state', 'Idle');
    expect(await manager.submit(report('n1', running))).toMatchObject({ message: 'node n1: unchanged' });
    expect(recorded.said('leading: view loaded')).toHaveLength(2);
  });

  it('never gives a report up while the store is away, and tells its caller in time', async () => {
    manager = createManager(store, recorded.log, { answerWithinMs: 100 });
    await start();
    store.always = () => Promise.reject(new StoreError('unavailable', 'it is away'));
    await expect(manager.submit(report('n1', dead))).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(manager.submit(report('n2', dead))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await stateOf('model', 'm')).toBeUndefined();
    store.always = (apply) => apply();
    await eventually(async () => expect(await store.get('/statemanager/node/n2')).toBeDefined());
    expect(await stateOf('model', 'm')).toBe('Dead');
    expect(await store.get('/statemanager/node/n1')).toBeDefined();
  });

  it('withdraws a change whose time is up, so that it is never applied', async () => {
    manager = createManager(store, recorded.log, { answerWithinMs: 100 });
    await start();
    const commit = door();
    store.steps.push(commit.step);
    const first = manager.submit(report('n1', running)).catch((error: Error) => error);
    await commit.reached;
    await expect(manager.submit(change('s'))).rejects.toThrow(/nothing was changed/);
    commit.open();
    await first;
    await manager.submit(change('other'));
    expect(await stateOf('scenario', 's')).toBeUndefined();
  });

  it('is deposed in the middle of a commit: it loads the view again and decides the inputs anew', async () => {
    await start();
    await manager.submit(defined('p', ['m']));
    const views: Term[] = [];
    store.steps.push(async (apply) => {
      await store.put('/statemanager/commit', 'of another leader');
      views.push({} as Term);
      return apply();
    });
    const answers = [manager.submit(report('n1', dead)), manager.submit(change('s'))];
    for (const outcome of await Promise.all(answers)) expect(outcome.accepted).toBe(true);
    expect(views).toHaveLength(1);
    expect(await stateOf('package', 'p')).toBe('Error');
    expect(await stateOf('scenario', 's')).toBe('Idle');
    const history = await store.getAllWithPrefix('/statemanager/history/scenario/s/');
    expect(history.entries).toHaveLength(1);
  });

  it('applies a change once when the answer of its commit was lost with the leadership', async () => {
    await start();
    store.steps.push(async (apply) => {
      await apply();
      await store.put('/statemanager/leader', '{"id":"another","address":"127.0.0.1:2"}');
      return { outcome: 'unknown', cause: new Error('cut off') };
    });
    expect(await manager.submit(change('s'))).toMatchObject({ accepted: true });
    const history = await store.getAllWithPrefix('/statemanager/history/scenario/s/');
    expect(history.entries).toHaveLength(1);
  });

  it('splits what the store finds too large', async () => {
    await start();
    const commit = door();
    store.steps.push(commit.step);
    const answers = [manager.submit(change('first'))];
    await commit.reached;
    store.always = (apply, { operations }) =>
      operations.length > 8 ? Promise.reject(new StoreError('too_large', 'at most 8 operations')) : apply();
    for (let i = 0; i < 8; i += 1) answers.push(manager.submit(change(`s${i}`)));
    commit.open();
    for (const outcome of await Promise.all(answers)) expect(outcome.accepted).toBe(true);
    for (let i = 0; i < 8; i += 1) expect(await stateOf('scenario', `s${i}`)).toBe('Idle');
  });

  it('refuses an input that the store finds too large alone, and goes on', async () => {
    await start();
    store.always = (apply, { operations }) =>
      operations.length > 8 ? Promise.reject(new StoreError('too_large', 'at most 8 operations')) : apply();
    const crowd = report('n1', ...['a', 'b', 'c'].map((model) => reported(model, 'running')));
    const answers = [manager.submit(crowd), manager.submit(change('s'))];
    await expect(answers[0]).rejects.toMatchObject({ code: 'too_large' });
    expect(await answers[1]).toMatchObject({ accepted: true });
    expect(await stateOf('scenario', 's')).toBe('Idle');
    expect(await store.get('/statemanager/node/n1')).toBeUndefined();
  });

  it('logs each transition once, with its rule and cause', async () => {
    await start();
    await manager.submit(report('n1', dead));
    await eventually(() => expect(recorded.said('transition')).toHaveLength(1));
    expect(recorded.said('transition')).toEqual([
      expect.objectContaining({ kind: 'model', name: 'm', from: null, to: 'Dead', rule: 'model.dead' }),
    ]);
    expect(recorded.said('transition')[0]?.cause).toMatch(/on node n1 container m-1 is Dead: exit code 137/);
  });
});
