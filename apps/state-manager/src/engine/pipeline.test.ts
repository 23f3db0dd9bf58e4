import { openMemoryStore, stateKey, StoreError } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CANDIDATE,
  ScriptedStore,
  change,
  createManager,
  door,
  recordLog,
  report,
  reported,
} from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import type { Committed, Manager, ManagerOptions } from '../manager.ts';

const running = reported('m', 'running');
const paused = reported('m', 'paused');
const WAITING = { currentState: 'idle', targetState: 'waiting', source: 'filtergateway', transitionId: 't2' } as const;

describe('while a transaction is in flight', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let committed: Committed[];
  /** How long the next commits have to wait. */
  const pauses: number[] = [];
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    store = new ScriptedStore(openMemoryStore());
    committed = [];
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  async function start(options: Partial<ManagerOptions> = {}): Promise<void> {
    manager = createManager(store, recorded.log, options);
    manager.follow({ onCommit: (commit) => void committed.push(commit), pauseMs: () => pauses.shift() ?? 0 });
    manager.start(CANDIDATE);
    await manager.submit({ type: 'leading', packages: [], at: 1 });
    store.commits.length = 0;
    committed.length = 0;
  }

  const stateOf = async (name: string): Promise<string | undefined> =>
    (await store.get(stateKey('scenario', name)))?.value;

  /** Has a change in flight that waits at a gate. */
  async function hold(): Promise<{ readonly held: Promise<unknown>; readonly open: () => void }> {
    const gate = door();
    store.steps.push(gate.step);
    const held = manager.submit(change('held'));
    await gate.reached;
    return { held, open: () => gate.open() };
  }

  /** Submits two reports, of which one transaction takes one; resolves when they are answered. */
  function submitFullTransaction(): readonly Promise<unknown>[] {
    return ['node-1', 'node-2'].map((node) => {
      const containers = Array.from({ length: 1000 }, (_, i) => reported(`${node}-model-${i}`, 'running'));
      return manager.submit({ ...report(node, running), containers });
    });
  }

  it('what comes is decided on top of it, and committed after it, in one transaction', async () => {
    await start();
    const { held, open } = await hold();
    // It is refused unless the one in flight counts: its precondition is what that makes true.
    const next = manager.submit(change('held', WAITING));
    const other = manager.submit(report('n', running));
    await eventually(() => expect(manager.confirm(report('n', running))).toBeUndefined());
    expect(committed).toEqual([]);
    open();
    expect(await held).toMatchObject({ accepted: true });
    expect(await Promise.all([next, other])).toMatchObject([{ accepted: true }, { accepted: true }]);
    expect(store.commits).toHaveLength(2);
    expect(committed.map(({ transitions }) => transitions.map(({ name, to }) => `${name} ${String(to)}`))).toEqual([
      ['held Idle'],
      ['held Waiting', 'm Running'],
    ]);
  });

  it('a report that is withdrawn after it was decided on top of it takes no other out of the way', async () => {
    await start({ answerWithinMs: 2000 });
    const gate = door();
    store.steps.push((_, asked) => gate.step(() => Promise.resolve({ outcome: 'conflict' }), asked));
    const at = Date.now();
    const first = manager.submit({ ...report('n1', reported('m', 'exited', 1)), at });
    await gate.reached;
    const caller = new AbortController();
    const second = manager.submit({ ...report('n1', running), at: at + 10 }, { signal: caller.signal });
    const gaveUp = expect(second).rejects.toThrow('gave up');
    // Until what was decided too early waits again.
    await eventually(() => expect(manager.queue.reportsCount).toBe(0));
    await eventually(() => expect(manager.queue.reportsCount).toBe(1));
    caller.abort();
    await gaveUp;
    gate.open();
    expect(await first).toMatchObject({ accepted: true, message: 'node n1: 1 transition' });
    expect((await store.get(stateKey('model', 'm')))?.value).toBe('Dead');
  });

  it('a pause is kept before the next; what is durable is told, and what waits can be withdrawn', async () => {
    await start({ answerWithinMs: 1000 });
    pauses.push(60_000);
    const { held, open } = await hold();
    const next = manager.submit(change('held', WAITING));
    await eventually(() => expect(manager.queue.size).toBe(0));
    open();
    expect(await held).toMatchObject({ accepted: true });
    await expect(next).rejects.toMatchObject({ message: expect.stringContaining('nothing was changed') as string });
    expect(store.commits).toHaveLength(1);
    expect(manager.pausedMs).toBe(60_000);
    // A stop does not wait for it.
    const late = manager.submit(report('n', running));
    await manager.stop(1000);
    expect(await late).toMatchObject({ accepted: true });
    expect(await stateOf('held')).toBe('Idle');
  });

  it('nobody is answered before what its answer rests on is durable', async () => {
    await start();
    const { held, open } = await hold();
    let answered = false;
    // It changes nothing, but only because of what is in flight.
    const same = manager.submit(change('held')).then(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(answered).toBe(false);
    open();
    await Promise.all([held, same]);
    expect(store.commits).toHaveLength(1);
  });

  it('and is refused by the store, what was decided on top of it is decided again without it', async () => {
    await start();
    store.steps.push(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new StoreError('invalid_argument', 'not this one');
    });
    const refused = manager.submit(change('held')).catch((error: unknown) => String(error));
    await eventually(() => expect(store.commits).toHaveLength(1));
    // On top of the refused one it has nothing to do.
    const next = manager.submit(change('held', { transitionId: 't2' }));
    expect(await refused).toContain('not this one');
    expect(await next).toMatchObject({ accepted: true });
    expect(await stateOf('held')).toBe('Idle');
  });

  it('and the leadership is lost, what was decided on top of it waits for the next term', async () => {
    await start();
    store.steps.push(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new StoreError('deposed', 'another leads');
    });
    const first = manager.submit(report('n', running));
    await eventually(() => expect(store.commits).toHaveLength(1));
    const second = manager.submit(report('n', paused));
    const other = manager.submit(change('s'));
    expect(await Promise.all([first, second, other])).toMatchObject([
      { accepted: true },
      { accepted: true },
      { accepted: true },
    ]);
    expect((await store.get(stateKey('model', 'm')))?.value).toBe('Paused');
    expect(await stateOf('s')).toBe('Idle');
  });

  it('the next transaction is prepared once it is full, and made as it was prepared', async () => {
    await start();
    const { held, open } = await hold();
    const nodes = submitFullTransaction();
    await eventually(() => expect(store.prepared).toHaveLength(1));
    const later = manager.submit(change('later'));
    expect(store.commits).toHaveLength(1);
    open();
    await Promise.all([held, later, ...nodes]);
    expect(store.commits).toHaveLength(3);
    expect(store.commits[1]).toBe(store.prepared[0]);
    expect(store.prepared).toHaveLength(1);
  });

  it('and is refused, what was prepared on top of it is not made', async () => {
    await start();
    const gate = door();
    const refuse = (): Promise<never> => Promise.reject(new StoreError('invalid_argument', 'not this one'));
    store.steps.push((_, commit) => gate.step(refuse, commit));
    const refused = manager.submit(change('held')).catch((error: unknown) => String(error));
    await gate.reached;
    const nodes = submitFullTransaction();
    await eventually(() => expect(store.prepared).toHaveLength(1));
    gate.open();
    expect(await refused).toContain('not this one');
    await Promise.all(nodes);
    expect(store.commits).not.toContain(store.prepared[0]);
    expect(store.commits).toHaveLength(3);
  });

  it('for too long, what was prepared on top of it is not made', async () => {
    await start({ answerWithinMs: 5000 });
    const { held, open } = await hold();
    const nodes = submitFullTransaction();
    await eventually(() => expect(store.prepared).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 600));
    open();
    await Promise.all([held, ...nodes]);
    expect(store.commits).not.toContain(store.prepared[0]);
  });

  it('for too long, what was decided on top of it can be withdrawn again', async () => {
    await start({ answerWithinMs: 200 });
    const { held, open } = await hold();
    const outcome = held.catch((error: unknown) => String(error));
    await expect(manager.submit(change('s'))).rejects.toThrow(/nothing was changed/);
    open();
    await outcome;
    await manager.submit(report('n', running));
    expect(await stateOf('s')).toBeUndefined();
    expect(await stateOf('held')).toBe('Idle');
  });

  it('what is durable is told and answered although the next one is refused at once', async () => {
    await start();
    const { held, open } = await hold();
    store.steps.push(() => Promise.reject(new StoreError('invalid_argument', 'not this one')));
    const refused = manager.submit(report('n', running)).catch((error: unknown) => String(error));
    await new Promise((resolve) => setTimeout(resolve, 20));
    open();
    expect(await held).toMatchObject({ accepted: true });
    expect(await refused).toContain('not this one');
    expect(committed).toHaveLength(1);
    expect(await manager.submit(report('n', running))).toMatchObject({ accepted: true });
  });

  it('what is durable is told and answered although the process ends right then', async () => {
    await start();
    const { held, open } = await hold();
    const stopped = manager.stop(1000);
    open();
    expect(await held).toMatchObject({ accepted: true });
    await stopped;
    expect(committed).toHaveLength(1);
  });

  it('nothing piles up: a thousand transactions one after the other leave one view', async () => {
    await start();
    for (let i = 0; i < 1000; i += 1) await manager.submit(report('n', i % 2 === 0 ? running : paused));
    expect(store.commits).toHaveLength(1000);
    const history = await store.getAllWithPrefix('/statemanager/history/model/m/');
    expect(history.entries).toHaveLength(64);
  });
});
