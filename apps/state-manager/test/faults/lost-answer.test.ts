import { startTcpProxy, type TcpProxy } from '@statemanager/state-store/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { readEtcd } from './etcd-gateway.ts';
import { brokenRules } from './naive-rules.ts';
import { crashed, running, startStand } from './stand.ts';
import { etcdUnderTest, under, valueOf, type Contents, type EtcdUnderTest } from './stores.ts';

describe('a commit whose answer is lost is applied once', () => {
  let store: EtcdUnderTest;
  let proxy: TcpProxy;

  beforeAll(async () => {
    store = await etcdUnderTest();
    proxy = await startTcpProxy(store.etcd.port);
  });
  beforeEach(async () => {
    await store.empty();
    await store.put('Package/p', packageYaml('p', ['a', 'b']));
  });
  afterAll(async () => {
    await proxy.close();
    await store.dispose();
  });

  it('when it was applied, and the connection broke before the answer', async ({ onTestFinished }) => {
    const { peer, service } = await startStand(onTestFinished, `etcd:${proxy.endpoint}`);
    await peer.report('n1', running('a', 'b'));
    const before = await store.read();
    proxy.swallowAnswers();
    const answered = peer.report('n1', crashed('a', 'b'));
    await eventually(async () => expect(valueOf(await store.read(), '/package/p/state')).toBe('Error'));
    await proxy.release();
    proxy.cut();
    await answered;
    await service.waitForLog(({ msg }) => msg === 'the outcome of a commit is unknown; sending it again');
    await expectOnce(before);
    await peer.report('n1', running('a', 'b'));
    expect(brokenRules(await store.read())).toEqual([]);
    expect(
      service.logs.filter(({ msg }) => msg === 'leading: view loaded'),
      'it led throughout',
    ).toHaveLength(1);
  });

  it('when the first try arrives after its repeat', async ({ onTestFinished }) => {
    const { peer, service } = await startStand(onTestFinished, `etcd:${proxy.endpoint}`);
    await peer.report('n1', running('a', 'b'));
    const before = await store.read();
    proxy.holdRequests();
    const answered = peer.report('n1', crashed('a', 'b'));
    await eventually(() => expect(proxy.heldBytes()).toBeGreaterThan(COMMIT_LEAST_BYTES));
    proxy.cutClients();
    await answered;
    await service.waitForLog(({ msg }) => msg === 'the outcome of a commit is unknown; sending it again');
    await expectOnce(before);
    const { revision } = await readEtcd(store.etcd.endpoint, '');
    await proxy.release();
    const later = await readEtcd(store.etcd.endpoint, '/statemanager/');
    for (const [key, { revision: changedAt }] of later.contents) {
      if (key !== '/statemanager/leader') expect(changedAt, `${key} is left alone`).toBeLessThanOrEqual(revision);
    }
    await peer.report('n1', running('a', 'b'));
    expect(brokenRules(await store.read())).toEqual([]);
  });

  /** Each resource moved by exactly one entry of its history, all at one revision. */
  async function expectOnce(before: Contents): Promise<void> {
    const after = await store.read();
    const revisions = new Set<number>();
    for (const [kind, name] of [
      ['package', 'p'],
      ['model', 'a'],
      ['model', 'b'],
    ] as const) {
      const key = `/statemanager/record/${kind}/${name}`;
      const [old, now] = [before, after].map((contents) => JSON.parse(valueOf(contents, key) ?? '{}') as Generation);
      expect(now?.generation, key).toBe((old?.generation ?? 0) + 1);
      const history = under(after, `/statemanager/history/${kind}/${name}/`);
      expect(history, key).toHaveLength(now?.generation ?? 0);
      revisions.add(after.get(key)?.revision ?? 0);
      revisions.add(after.get(`/${kind}/${name}/state`)?.revision ?? 0);
    }
    expect(revisions.size).toBe(1);
    expect([...revisions][0]).toBe(after.get('/statemanager/commit')?.revision);
    expect(brokenRules(after)).toEqual([]);
  }
});

/** More than the frames that keep a connection alive, less than a commit of three resources. */
const COMMIT_LEAST_BYTES = 1000;

interface Generation {
  readonly generation: number;
}
