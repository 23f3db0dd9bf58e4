import type { ReportedContainer } from '@statemanager/state-machine';
import { openMemoryStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, ScriptedStore, createManager, door, recordLog, report, reported } from '../test/kit/engine.ts';
import { eventually } from '../test/kit/eventually.ts';
import type { Manager } from './manager.ts';

const running = reported('m', 'running');
const dead = reported('m', 'exited', 137);

describe('a report that says nothing new', () => {
  let store: ScriptedStore;
  let manager: Manager;

  beforeEach(() => {
    store = new ScriptedStore(openMemoryStore());
    manager = createManager(store, recordLog().log);
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  /** Starts and waits until everything of the beginning is committed. */
  async function start(): Promise<void> {
    manager.start(CANDIDATE);
    await manager.submit({ type: 'leading', packages: [], at: 1 });
    store.commits.length = 0;
  }

  const confirm = (...containers: readonly ReportedContainer[]): string | undefined =>
    manager.confirm(report('n1', ...containers));

  it('is answered at once, with what deciding it says, and nothing is committed', async () => {
    const heard: string[] = [];
    manager.follow({ onHeard: (nodes) => void heard.push(...nodes.map(({ node }) => node)) });
    await start();
    await manager.submit(report('n1', running));
    const decided = await manager.submit(report('n1', running));
    store.commits.length = 0;
    heard.length = 0;
    expect(decided).toMatchObject({ accepted: true, message: confirm(running) });
    expect([heard, store.commits]).toEqual([['n1'], []]);
  });

  it('is not one whose word is new, or whose node is', async () => {
    await start();
    expect(confirm(running)).toBeUndefined();
    await manager.submit(report('n1', running));
    expect(confirm(dead)).toBeUndefined();
    expect(confirm()).toBeUndefined();
  });

  it('has to be decided while something about its node waits or is being committed', async () => {
    await start();
    await manager.submit(report('n1', running));
    const gate = door();
    store.steps.push(gate.step);
    const changing = manager.submit(report('n1', dead));
    expect(confirm(running)).toBeUndefined();
    await eventually(() => expect(store.commits).toHaveLength(1));
    expect(confirm(running)).toBeUndefined();
    expect(manager.confirm(report('n1', dead))).toBeUndefined();
    gate.open();
    await changing;
    expect(confirm(running)).toBeUndefined();
    expect(confirm(dead)).toBe('node n1: unchanged');
  });

  it('has to be decided where nobody leads, is not known to, or stops', async () => {
    expect(confirm(running)).toBeUndefined();
    await start();
    await manager.submit(report('n1', running));
    expect(confirm(running)).toBeDefined();
    await manager.stop(100);
    expect(confirm(running)).toBeUndefined();
  });

  it('has to be decided while the leadership is not confirmed', async () => {
    store.confirmed = false;
    await start();
    await manager.submit(report('n1', running));
    expect(confirm(running)).toBeUndefined();
  });
});
