import { startEtcd } from '../src/testing/index.ts';
import { describeStoreContract, startTcpProxy } from '@statemanager/state-store/testing';
import { Etcd3 } from 'etcd3';
import { openEtcdStore } from '../src/index.ts';

const etcd = await startEtcd();
const admin = new Etcd3({ hosts: etcd.endpoint });
const open = (endpoint = etcd.endpoint) =>
  openEtcdStore({ hosts: [endpoint], callTimeoutMs: 2000, leaseTtlSeconds: 2 });
const wipe = async () => void (await admin.delete().all());

describeStoreContract('etcd', {
  open: () => wipe().then(() => open()),
  second: () => Promise.resolve(open()),
  clientOutlivesRestart: true,
  restart: (store) => etcd.restart().then(() => store),
  openBehindProxy: async () => {
    await wipe();
    const proxy = await startTcpProxy(etcd.port);
    return { store: open(proxy.endpoint), direct: open(), proxy };
  },
  dispose: () => {
    admin.close();
    return etcd.stop();
  },
});
