import { Fleet } from '@statemanager/state-machine';
import { StoreError, openMemoryStore, stateKey, type WatchBatch } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, ScriptedStore, createGate, createManager, recordLog } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import type { Manager, Term } from '../manager.ts';
import { DefinitionWatch } from './definition-watch.ts';

const packageYaml = (name: string, ...models: readonly string[]): string =>
  JSON.stringify({ kind: 'Package', metadata: { name }, spec: { models: models.map((model) => ({ name: model })) } });
const scenarioYaml = (name: string, target: string): string =>
  JSON.stringify({ kind: 'Scenario', metadata: { name }, spec: { target, action: 'launch' } });

describe('the definition watch', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let submitted: string[];
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    submitted = [];
    store = new ScriptedStore(openMemoryStore());
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  /** Starts, and waits until what is in the store at the beginning was decided. */
  async function start(): Promise<void> {
    manager = createManager(store, recorded.log);
    const submit = (input: Parameters<Manager['submit']>[0]): void => {
      submitted.push(input.type);
      manager.submit(input).catch(() => undefined);
    };
    manager.follow(new DefinitionWatch(store, submit, recorded.log));
    manager.start(CANDIDATE);
    await manager.submit({ type: 'leading', packages: [], at: 1 });
  }

  const models = async (name: string): Promise<unknown> => {
    const entry = await store.get(`/statemanager/record/package/${name}`);
    return (JSON.parse(entry?.value ?? '{}') as { definition?: { models: unknown } }).definition?.models;
  };
  const target = async (name: string): Promise<unknown> => {
    const entry = await store.get(`/statemanager/record/scenario/${name}`);
    return (JSON.parse(entry?.value ?? '{}') as { definition?: { target: unknown } }).definition?.target;
  };

  it('says of as many as there are that they are gone', async () => {
    const view = new Fleet();
    for (let i = 0; i < 200_000; i += 1) {
      const record = { ...{ since: 1, rule: 'package.idle', cause: '', source: '' }, generation: 1, applied: [] };
      view.putRecord('package', `p${i}`, { ...record, state: 'Idle', definition: { revision: 1, models: [] } });
    }
    manager = createManager(store, recorded.log);
    const watch = new DefinitionWatch(store, () => undefined, recorded.log);
    const ended = new AbortController();
    const term = { view, ended: ended.signal } as Term;
    expect(await watch.onTerm(term)).toHaveLength(200_000);
    ended.abort();
  });

  it('lets others have their turn while it reads very many', async () => {
    await store.put('Package/a-bad', 'no document');
    const names = Array.from({ length: 1500 }, (_, i) => `b${i}`);
    for (const name of names) await store.put(`Package/${name}`, packageYaml(name, `m-${name}`));
    await store.put('Package/c-bad', 'no document');
    const bad = (): number => recorded.said('bad definition in the store; what was known before stands').length;
    let turnsCount = 0;
    let over = false;
    const turn = (): void => {
      if (over) return;
      // Between the first document and the last.
      if (bad() === 1) turnsCount += 1;
      setImmediate(turn);
    };
    turn();
    await start();
    over = true;
    expect(bad()).toBe(2);
    expect(turnsCount).toBeGreaterThan(0);
  });

  it('reads what is there, and follows what appears, changes and goes', async () => {
    await store.put('Package/p', packageYaml('p', 'a'));
    await start();
    expect(await models('p')).toEqual(['a']);
    await store.put('Package/q', packageYaml('q', 'b'));
    await store.put('Scenario/s', scenarioYaml('s', 'q'));
    await eventually(async () => expect([await models('q'), await target('s')]).toEqual([['b'], 'q']));
    await store.put('Package/p', packageYaml('p', 'a', 'c'));
    await eventually(async () => expect(await models('p')).toEqual(['a', 'c']));
    await store.delete('Package/p');
    await store.delete('Scenario/s');
    await eventually(async () => expect([await models('p'), await target('s')]).toEqual([undefined, undefined]));
    expect(await store.get(stateKey('package', 'p'))).toBeUndefined();
    expect((await store.get(stateKey('package', 'q')))?.value).toBe('Idle');
  });

  it('decides nothing at a start at which nothing has changed', async () => {
    await store.put('Package/p', packageYaml('p', 'a'));
    await start();
    await manager.stop(1000);
    store.commits.length = 0;
    await start();
    expect(store.commits).toEqual([]);
  });

  it('notices at a start what was changed and deleted meanwhile', async () => {
    await store.put('Package/p', packageYaml('p', 'a'));
    await store.put('Package/q', packageYaml('q', 'a'));
    await store.put('Scenario/s', scenarioYaml('s', 'p'));
    await start();
    await manager.stop(1000);
    await store.put('Package/p', packageYaml('p', 'b'));
    await store.delete('Package/q');
    await store.delete('Scenario/s');
    await start();
    expect([await models('p'), await models('q'), await target('s')]).toEqual([['b'], undefined, undefined]);
  });

  it.each([
    ['broken YAML', '{', /line 1/],
    ['another kind', scenarioYaml('p', 'x'), /kind must be Package/],
    ['another name', packageYaml('x', 'b'), /metadata.name must be "p"/],
  ])('leaves what was known when a document becomes bad: %s', async (_, text, problem) => {
    await store.put('Package/p', packageYaml('p', 'a'));
    await start();
    await store.put('Package/p', text);
    await store.put('Package/q', packageYaml('q', 'b'));
    await eventually(async () => expect(await models('q')).toEqual(['b']));
    expect(await models('p')).toEqual(['a']);
    const [line] = recorded.said('bad definition in the store; what was known before stands');
    expect(line?.key).toBe('Package/p');
    expect(line?.problem).toMatch(problem);
  });

  it('reports a key that holds no name', async () => {
    await store.put('Package/a/b', packageYaml('a'));
    await start();
    expect(recorded.said('bad definition in the store; what was known before stands')).toEqual([
      expect.objectContaining({ key: 'Package/a/b' }),
    ]);
  });

  it('reads again what a compaction took from under its watch', async () => {
    await start();
    const fail = new AbortController();
    store.onWatch = (watch) => {
      store.onWatch = undefined;
      return failing(watch(), fail.signal);
    };
    await manager.stop(1000);
    await start();
    await store.put('Package/p', packageYaml('p', 'a'));
    await eventually(async () => expect(await models('p')).toEqual(['a']));
    const revision = await store.put('Package/p', packageYaml('p', 'b'));
    await store.compact(revision + 1);
    fail.abort(new StoreError('compacted', 'gone'));
    await store.put('Package/q', packageYaml('q', 'c'));
    await eventually(async () => expect([await models('p'), await models('q')]).toEqual([['b'], ['c']]));
  });

  it('does not spin while the store gives it no watch', async () => {
    let watchesCount = 0;
    store.onWatch = () => {
      watchesCount += 1;
      return failing(nothing(), AbortSignal.abort(new StoreError('unavailable', 'no')));
    };
    await start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(watchesCount).toBeLessThanOrEqual(10);
    store.onWatch = undefined;
    await store.put('Package/p', packageYaml('p', 'a'));
    await eventually(async () => expect(await models('p')).toEqual(['a']));
  });

  it('says nothing of what it read for a term that has ended meanwhile', async () => {
    const reading = createGate();
    await start();
    store.onWatch = () => failing(nothing(), AbortSignal.abort(new StoreError('compacted', 'gone')));
    store.onSnapshot = async (prefix, snapshot) => {
      const taken = await snapshot();
      if (prefix === 'Package/' && store.onWatch !== undefined && recorded.said('leading: view loaded').length === 2) {
        await reading.pass();
      }
      return taken;
    };
    await store.put('/statemanager/leader', '{"id":"another","address":"a:1"}');
    await store.put('Package/p', packageYaml('p', 'a'));
    await reading.reached;
    const { length } = submitted;
    store.onWatch = undefined;
    await manager.stop(1000);
    reading.open();
    await new Promise(setImmediate);
    expect(submitted).toHaveLength(length);
  });
});

async function* nothing(): AsyncGenerator<WatchBatch> {
  // Ends at once.
}

/** A watch that fails with the signal's reason. */
async function* failing(watch: AsyncIterable<WatchBatch>, signal: AbortSignal): AsyncGenerator<WatchBatch> {
  const batches = watch[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  aborted.catch(() => undefined);
  for (;;) {
    const next = await Promise.race([batches.next(), aborted]);
    if (next.done === true) {
      await aborted;
      return;
    }
    yield next.value;
  }
}
