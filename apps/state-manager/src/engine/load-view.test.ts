import { IMPORT_KEY, openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, createManager, defined, recordLog, report, reported, change } from '../../test/kit/engine.ts';
import type { Manager } from '../manager.ts';
import { loadView } from './load-view.ts';

describe('loadView', () => {
  let store: KeyValueStore;

  beforeEach(() => {
    store = openMemoryStore();
  });

  afterEach(() => store.close());

  const load = (stateNames: 'bare' | 'enum' = 'bare'): ReturnType<typeof loadView> => loadView(store, stateNames, 77);

  /** Has a manager decide something on the store, and ends it. */
  async function decided(work: (manager: Manager) => Promise<unknown>): Promise<void> {
    const manager = createManager(store, recordLog().log);
    manager.start(CANDIDATE);
    await work(manager);
    await manager.stop(1000);
  }

  it('finds nothing in an empty store', async () => {
    const { fleet, repairs, problems } = await load();
    expect([fleet.count('package'), fleet.count('node'), repairs, problems]).toEqual([0, 0, [], []]);
  });

  it('does not load what an import has left half done', async () => {
    await store.put(IMPORT_KEY, '{}');
    await expect(load()).rejects.toThrow('an import into memory: has not ended: run it again');
  });

  it('finds everything that a manager has stored, counts included', async () => {
    await decided(async (manager) => {
      await manager.submit(defined('p', ['m', 'other']));
      await manager.submit(report('n1', reported('m', 'exited', 1), reported('other', 'exited', 2)));
      await manager.submit(change('s'));
    });
    const { fleet, repairs, problems } = await load();
    expect([repairs, problems]).toEqual([[], []]);
    expect(fleet.record('package', 'p')).toMatchObject({ state: 'Error', definition: { models: ['m', 'other'] } });
    expect(fleet.record('scenario', 's')?.applied).toEqual([{ id: 't-s', target: 'Idle' }]);
    expect(fleet.intent('p')?.id).toBe('p/2');
    expect(fleet.containerCounts('m').Dead).toBe(1);
    expect(fleet.modelCounts('p').Dead).toBe(2);
    expect(fleet.packagesOf('m')).toEqual(['p']);
  });

  it('knows the revision of everything’s last change, and of the whole', async () => {
    await decided(async (manager) => {
      await manager.submit(defined('p', ['m', 'other']));
      await manager.submit(report('n1', reported('m', 'running')));
      await manager.submit(change('s'));
      await manager.submit(report('n1', reported('m', 'exited', 1)));
    });
    const { revision, revisionOf } = await load();
    const revisionAt = async (key: string): Promise<number> => (await store.get(key))?.revision ?? -1;
    for (const [kind, name] of [
      ['package', 'p'],
      ['model', 'm'],
      ['scenario', 's'],
    ] as const) {
      expect(revisionOf(kind, name)).toBe(await revisionAt(`/statemanager/record/${kind}/${name}`));
    }
    expect(revisionOf('node', 'n1')).toBe(await revisionAt('/statemanager/node/n1'));
    expect(revisionOf('node', 'n1')).toBeGreaterThan(revisionOf('scenario', 's'));
    expect([revisionOf('model', 'other'), revisionOf('node', 'n2'), revisionOf('scenario', 'p')]).toEqual([0, 0, 0]);
    expect(revision).toBe((await store.getAllWithPrefix('')).revision);
    await store.put('elsewhere', 'x');
    expect((await load()).revision).toBe(revision + 1);
  });

  it('knows no revision of what it cannot read, or took over without a record', async () => {
    await store.put('/package/p/state', 'Running');
    await store.put('/statemanager/record/model/x', '{');
    await store.put('/statemanager/node/n2', '{');
    const { revisionOf } = await load();
    expect([revisionOf('package', 'p'), revisionOf('model', 'x'), revisionOf('node', 'n2')]).toEqual([0, 0, 0]);
  });

  it.each(['Running', 'PACKAGE_STATE_RUNNING', 'running'])('takes over a state without a record: %s', async (value) => {
    await store.put('/package/p/state', value);
    const { fleet, repairs, problems } = await load();
    expect(fleet.record('package', 'p')).toMatchObject({
      state: 'Running',
      since: 77,
      rule: 'package.adopted',
      generation: 0,
    });
    expect([repairs, problems]).toEqual([[], []]);
  });

  it('does not mind how a state is spelled', async () => {
    await decided((manager) => manager.submit(change('s')));
    await store.put('/scenario/s/state', 'scenario_state_idle');
    expect((await load('enum')).repairs).toEqual([]);
  });

  it('reports each value that cannot be read by its key, and loads the rest', async () => {
    await decided((manager) => manager.submit(report('n1', reported('m', 'running'))));
    const bad = {
      '/package/p/state': 'Confused',
      '/statemanager/record/model/x': '{',
      '/statemanager/record/scenario/y': '{"v":99}',
      '/statemanager/node/n2': '{"v":1,"observedAt":1,"models":{"m":[["a","container.odd"]]}}',
      '/statemanager/reconcile/p': '[]',
    };
    for (const [key, value] of Object.entries(bad)) await store.put(key, value);
    const { fleet, problems, repairs } = await load();
    expect(problems).toHaveLength(Object.keys(bad).length);
    for (const key of Object.keys(bad)) expect(problems.join('\n')).toContain(key);
    expect(repairs).toEqual([]);
    expect(fleet.record('model', 'm')?.state).toBe('Running');
    expect(fleet.record('package', 'p')).toBeUndefined();
    expect(fleet.intent('p')).toBeUndefined();
    expect(fleet.node('n1')?.containers).toHaveLength(1);
    expect(fleet.node('n2')?.containers).toEqual([]);
  });

  it('takes models to be on the node whose word cannot be read, so that they are missed when it speaks again', async () => {
    await decided((manager) => manager.submit(report('n1', reported('m', 'running'))));
    await store.put('/statemanager/node/n1', '{');
    const { fleet, problems } = await load();
    expect(problems).toEqual([expect.stringContaining('/statemanager/node/n1')]);
    expect(fleet.record('model', 'm')?.state).toBe('Running');
    await decided((manager) => manager.submit(report('n1')));
    expect((await load()).fleet.record('model', 'm')).toMatchObject({ state: null, removed: true });
  });

  it('leaves an unreadable state alone even where our record knows better', async () => {
    await decided((manager) => manager.submit(change('s')));
    await store.put('/scenario/s/state', 'Confused');
    const { fleet, problems, repairs } = await load();
    expect(fleet.record('scenario', 's')?.state).toBe('Idle');
    expect(problems).toEqual([expect.stringContaining('/scenario/s/state')]);
    expect(repairs).toEqual([]);
  });

  it('names keys that do not belong there, and leaves them alone', async () => {
    const strays = ['/package/p', '/model//state', '/statemanager/record/volume/v', '/statemanager/node/a/b'];
    for (const key of strays) await store.put(key, 'Running');
    const { problems, repairs } = await load();
    expect(problems).toHaveLength(strays.length);
    for (const key of strays) expect(problems.join('\n')).toContain(`key ${key} `);
    expect(repairs).toEqual([]);
  });

  it('puts right what somebody else wrote over a state of ours, deleted, or brought back', async () => {
    await decided(async (manager) => {
      await manager.submit(report('n1', reported('a', 'running'), reported('b', 'running'), reported('c', 'running')));
      await manager.submit(report('n1', reported('a', 'running'), reported('b', 'running')));
    });
    await store.put('/model/a/state', 'Dead');
    await store.delete('/model/b/state');
    await store.put('/model/c/state', 'Paused');
    const { repairs, problems, mismatches } = await load('enum');
    expect(repairs).toEqual([
      { type: 'put', key: '/model/a/state', value: 'MODEL_STATE_RUNNING' },
      { type: 'put', key: '/model/b/state', value: 'MODEL_STATE_RUNNING' },
      { type: 'delete', key: '/model/c/state' },
    ]);
    expect([problems, mismatches.length]).toEqual([[], 3]);
  });

  it('remembers what was removed in the order in which it was removed, whatever it is called', async () => {
    const removed = async (name: string, since: number): Promise<void> => {
      const record = { v: 1, state: null, since, rule: 'r', cause: 'c', source: 's', generation: 2, applied: [] };
      await store.put(`/statemanager/record/model/${name}`, JSON.stringify({ ...record, removed: true }));
    };
    await removed('a', 30);
    await removed('b', 10);
    await removed('c', 20);
    expect([...(await load()).fleet.removed()]).toEqual(['model/b', 'model/c', 'model/a']);
  });

  it('throws what the store throws', async () => {
    await store.close();
    await expect(load()).rejects.toMatchObject({ code: 'closed' });
  });
});
