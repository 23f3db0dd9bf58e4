import { startTcpProxy } from '@statemanager/state-store/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { compactEtcd, deleteEtcd } from './etcd-gateway.ts';
import { brokenRules } from './naive-rules.ts';
import { crashed, running, startStand } from './stand.ts';
import { etcdUnderTest, under } from './stores.ts';

describe('definitions that change while the store cannot be reached', () => {
  it.for([
    { title: 'are followed up', compacted: false },
    { title: 'are read again when the history in between was compacted', compacted: true },
  ])('$title', async ({ compacted }, { onTestFinished }) => {
    const store = await etcdUnderTest();
    onTestFinished(() => store.dispose());
    const proxy = await startTcpProxy(store.etcd.port);
    onTestFinished(() => proxy.close());
    await store.put('Package/changes', packageYaml('changes', ['up']));
    await store.put('Package/goes', packageYaml('goes', ['down']));
    // The lease outlives the cut: the leader stays, and has only its watch to learn from.
    const flags = { 'lease-ttl-seconds': '60' };
    const { peer, service } = await startStand(onTestFinished, `etcd:${proxy.endpoint}`, flags);
    await peer.report('n1', [...running('up'), ...crashed('down')]);

    await proxy.refuse();
    await store.put('Package/changes', packageYaml('changes', ['up', 'down']));
    await store.put('Package/comes', packageYaml('comes', ['down']));
    await deleteEtcd(store.etcd.endpoint, 'Package/goes');
    if (compacted) await compactEtcd(store.etcd.endpoint);
    await proxy.accept();

    await eventually(async () => {
      const states = Object.fromEntries(under(await store.read(), '/package/'));
      expect(states).toEqual({ 'changes/state': 'Degraded', 'comes/state': 'Error' });
    }, 20_000);
    expect(brokenRules(await store.read())).toEqual([]);
    expect(service.logs.filter(({ msg }) => msg === 'leading: view loaded')).toHaveLength(1);
  });
});
