import type { KeyValueStore } from '@statemanager/state-store';
import { until } from '@statemanager/state-store/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/index.ts';
import type { EtcdStoreOptions } from '../src/index.ts';
import { startEtcd } from '../src/testing/index.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function client(options: EtcdStoreOptions): KeyValueStore {
  const store = openEtcdStore(options);
  cleanups.push(() => store.close());
  return store;
}

describe('namespaces', () => {
  it('keep stores on one etcd apart: values, watches, leaders', async () => {
    const etcd = await startEtcd();
    cleanups.push(() => etcd.stop());
    const [one, two, whole] = ['/one/', '/two/', ''].map((namespace) =>
      client({ hosts: [etcd.endpoint], namespace }),
    ) as [KeyValueStore, KeyValueStore, KeyValueStore];
    const seen: unknown[] = [];
    const revision = await one.put('/k', 'of one');
    const abort = new AbortController();
    const watching = (async () => {
      for await (const batch of two.watch('', { afterRevision: revision - 1, signal: abort.signal })) seen.push(batch);
    })();
    const leaders = [await one.lead({ id: 'a', address: 'a:1' }), await two.lead({ id: 'b', address: 'b:1' })];
    await one.commit({
      guards: [{ key: '/k', value: 'of one' }],
      operations: [
        { type: 'put', key: '/k', value: 'x' },
        { type: 'put', key: '/gone', value: 'x' },
      ],
    });
    await one.delete('/gone');
    expect(await two.get('/k')).toBeUndefined();
    expect((await two.commit({ guards: [{ key: '/k', value: null }], operations: [] })).outcome).toBe('committed');
    const last = await two.put('/k', 'of two');
    await until('the watch is there', () => seen.length === 2);
    abort.abort();
    await watching;
    expect(seen.at(-1)).toEqual({ revision: last, events: [{ type: 'put', key: '/k', value: 'of two' }] });
    expect((await two.getAllWithPrefix('')).entries.map(({ key }) => key)).toEqual([
      ...['/k', '/statemanager/commit', '/statemanager/leader'],
    ]);
    expect((await whole.getAllWithPrefix('/one/')).entries.map(({ key }) => key)).toEqual([
      ...['/one//k', '/one//statemanager/commit', '/one//statemanager/leader'],
    ]);
    expect(leaders.every((leadership) => leadership.isCurrent())).toBe(true);
  });

  it('refuse what is no text', () => {
    expect(() => client({ hosts: ['h:1'], namespace: '\ud800' })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
  });
});
