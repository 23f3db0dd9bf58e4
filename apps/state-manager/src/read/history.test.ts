import { HISTORY_COUNT, type Input, type Transition } from '@statemanager/state-machine';
import { decodeTransition, HISTORY_PREFIX, historyKey, openMemoryStore, type Entry } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedStore, change, defined, randomFrom, report, reported } from '../../test/kit/engine.ts';
import { startReading, type Reading } from '../../test/kit/reading.ts';
import { historyOf, newestOfAll, type Past } from './history.ts';

describe('history', () => {
  let store: ScriptedStore;
  let reading: Reading;

  beforeEach(async () => {
    store = new ScriptedStore(openMemoryStore());
    reading = await startReading(store);
  });

  afterEach(async () => {
    await reading.stop();
    await store.close();
  });

  /** Has a model crash and recover so many times, each of which is a transition. */
  async function flap(model: string, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      await reading.manager.submit(report(`on-${model}`, reported(model, i % 2 === 0 ? 'exited' : 'running', 1)));
    }
  }

  const generations = (past: readonly Past[]): number[] => past.map(({ transition }) => transition.generation);
  const newest = (limit: number): Promise<readonly Past[]> => newestOfAll(store, reading.view(), limit);

  describe('of one resource', () => {
    it('is newest first, with the revision of each commit', async () => {
      await flap('m', 3);
      const past = await historyOf(store, 'model', 'm', 64);
      expect(past.map(({ transition: { from, to } }) => [from, to])).toEqual([
        ['Running', 'Dead'],
        ['Dead', 'Running'],
        [null, 'Dead'],
      ]);
      expect(generations(past)).toEqual([3, 2, 1]);
      const revisions = past.map(({ revision }) => revision);
      expect(revisions).toEqual([...revisions].sort((a, b) => b - a));
      expect(past[0]?.transition).toMatchObject({ kind: 'model', name: 'm', rule: 'model.dead', source: 'node/on-m' });
    });

    it('is the last 64, and no more than are asked for', async () => {
      await flap('m', HISTORY_COUNT + 6);
      const last = HISTORY_COUNT + 6;
      expect(generations(await historyOf(store, 'model', 'm', 1000))).toEqual(
        Array.from({ length: HISTORY_COUNT }, (_, i) => last - i),
      );
      expect(generations(await historyOf(store, 'model', 'm', 2))).toEqual([last, last - 1]);
    });

    it('is not that of one whose name it begins with', async () => {
      await flap('m', 1);
      await flap('m.2', 2);
      expect(await historyOf(store, 'model', 'm', 64)).toHaveLength(1);
      expect(await historyOf(store, 'package', 'm', 64)).toEqual([]);
    });

    it('names the key that cannot be read', async () => {
      await flap('m', 2);
      const key = historyKey('model', 'm', 1);
      await store.put(key, '{');
      await expect(historyOf(store, 'model', 'm', 64)).rejects.toThrow(key);
    });
  });

  describe('of all', () => {
    it('is empty while nothing has happened', async () => {
      expect(await newest(64)).toEqual([]);
    });

    it('has what was removed, too', async () => {
      await flap('m', 1);
      await reading.manager.submit({ type: 'node-forgotten', node: 'on-m', source: 'operator', at: Date.now() + 10 });
      const [first] = await newest(64);
      expect(first?.transition).toMatchObject({ name: 'm', from: 'Dead', to: null });
    });

    it('takes a slot that was used again meanwhile for the end of what is kept', async () => {
      await flap('m', HISTORY_COUNT);
      let gets = 0;
      store.onGet = async (get) => {
        gets += 1;
        if (gets === 3) await flap('m', HISTORY_COUNT);
        return get();
      };
      const past = await newest(1000);
      expect(generations(past)).toEqual([HISTORY_COUNT, HISTORY_COUNT - 1]);
    });

    it('goes on with the others when a slot is gone', async () => {
      await flap('m', 2);
      await flap('x', 2);
      await store.delete(historyKey('model', 'm', 1));
      expect(generations(await newest(64)).sort()).toEqual([1, 2, 2]);
    });

    it('is what a merge of everything gives, whatever has happened', async () => {
      const seed = Number(process.env.STATEMANAGER_SEED ?? Math.trunc(Math.random() * 2 ** 31));
      console.log(`history: STATEMANAGER_SEED=${seed}`);
      const random = randomFrom(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      for (let at = 1; at <= 600; at += 1) {
        await reading.manager.submit(happening(pick, random, at));
        if (at % 100 !== 0) continue;
        const merged = await mergeEverything(store);
        for (const limit of [1, 3, 64, 1000]) {
          // What one commit holds has no order among resources.
          expect(placesOf(await newest(limit))).toEqual(placesOf(merged.slice(0, limit)));
        }
        expect(textsOf(await newest(1000))).toEqual(textsOf(merged));
      }
    });
  });
});

/** Something that moves some of ten models, three packages and two scenarios. */
function happening(pick: <T>(items: readonly T[]) => T, random: () => number, at: number): Input {
  const models = Array.from({ length: 10 }, (_, i) => `m${i}`);
  switch (Math.floor(random() * 8)) {
    case 0:
      return { ...defined(pick(['p', 'q', 'r']), models.slice(Math.floor(random() * 10)), at), at };
    case 1:
      return { type: 'package-undefined', name: pick(['p', 'q', 'r']), at };
    case 2:
      return { ...change(pick(['s', 't']), { transitionId: `t-${at}`, targetState: pick(['idle', 'waiting']) }), at };
    case 3:
      return { type: 'node-forgotten', node: pick(['n1', 'n2']), source: 'operator', at };
    case 4: {
      const offload = { type: 'offload-answered', id: `o-${at}`, accepted: true, detail: 'it moves' } as const;
      return { ...offload, model: pick(models), sourceNode: 'n1', targetNode: 'n2', source: 'test', at };
    }
    default: {
      const said = models.filter(() => random() < 0.5);
      const containers = said.map((model) => reported(model, pick(['running', 'exited', 'paused']), pick([0, 1])));
      return { ...report(pick(['n1', 'n2']), ...containers), at };
    }
  }
}

/** All history there is, newest first, by nothing but the keys. */
async function mergeEverything(store: ScriptedStore): Promise<readonly Past[]> {
  const { entries } = await store.getAllWithPrefix(HISTORY_PREFIX);
  const read = ({ key, value, revision }: Entry): Past => {
    const [kind, name] = key.slice(HISTORY_PREFIX.length).split('/');
    return { transition: decodeTransition(kind as Transition['kind'], name ?? '', key, value), revision };
  };
  return entries.map(read).sort((a, b) => b.revision - a.revision || b.transition.at - a.transition.at);
}

const placesOf = (past: readonly Past[]): string[] =>
  past.map(({ transition, revision }) => `${revision} ${transition.at}`);
const textsOf = (past: readonly Past[]): string[] => past.map((one) => JSON.stringify(one)).sort();
