import { describeStoreContract, startTcpProxy } from '@statemanager/state-store/testing';
import { openEtcdStore } from '../src/index.ts';
import type { EtcdStoreOptions } from '../src/index.ts';
import { etcdAdmin, startEtcd } from '../src/testing/index.ts';
import type { EtcdOptions } from '../src/testing/index.ts';

/** Runs the contract suite on an etcd of its own, and `done` after it. */
export async function describeContractOnEtcd(
  name: string,
  server: EtcdOptions,
  client: Omit<EtcdStoreOptions, 'hosts'>,
  done: () => void = () => undefined,
): Promise<void> {
  const etcd = await startEtcd(server);
  const root = server.users?.['root'];
  const rootAuth = root === undefined ? undefined : { username: 'root', password: root.password };
  const admin = etcdAdmin(etcd.endpoint, server.tls, rootAuth);
  const open = (endpoint = etcd.endpoint) =>
    openEtcdStore({ hosts: [endpoint], callTimeoutMs: 2000, leaseTtlSeconds: 2, ...client });
  const wipe = async () => void (await admin.delete().all());

  describeStoreContract(name, {
    open: () => wipe().then(() => open()),
    second: () => Promise.resolve(open()),
    clientOutlivesRestart: true,
    restart: (store) => etcd.restart().then(() => store),
    openBehindProxy: async () => {
      await wipe();
      const proxy = await startTcpProxy(etcd.port);
      return { store: open(proxy.endpoint), direct: open(), proxy };
    },
    dispose: async () => {
      admin.close();
      await etcd.stop();
      done();
    },
  });
}
