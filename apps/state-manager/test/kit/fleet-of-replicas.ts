import type { ChannelCredentials } from '@grpc/grpc-js';
import { LEADER_KEY } from '@statemanager/state-store';
import { connectApi, type ApiPeer } from './api-peer.ts';
import { startController, type ScriptedController } from './controller.ts';
import { startEtcdView, type EtcdView } from './etcd-view.ts';
import { eventually } from './eventually.ts';
import { connectPeer, type Peer } from './peer.ts';
import { startStateManager, type StateManagerProcess } from './state-manager.ts';
import { packageYaml } from './world.ts';

/** One process of several on the same store, and clients of it. */
export interface Replica {
  readonly id: string;
  readonly service: StateManagerProcess;
  readonly peer: Peer;
  readonly api: ApiPeer;
}

/** Several StateManagers on one etcd, with a scripted ActionController. */
export interface Replicas {
  readonly etcd: EtcdView;
  readonly controller: ScriptedController;
  /** Those that run. */
  readonly all: readonly Replica[];
  /** The one that the leader key names. */
  leader(): Promise<Replica>;
  /** Any other one. */
  other(than: Replica): Replica;
  start(id: string, flags?: readonly string[]): Promise<Replica>;
  /** SIGKILL, or SIGTERM. */
  end(replica: Replica, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Puts a package's definition and waits until everybody has followed it. */
  define(name: string, models: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts so many, called r1, r2 and so on, and waits until each can answer. */
export async function startReplicas(
  count: number,
  flags: readonly string[] = [],
  credentials?: ChannelCredentials,
  env: Readonly<Record<string, string>> = {},
): Promise<Replicas> {
  const etcd = await startEtcdView();
  const controller = await startController();
  const all: Replica[] = [];
  const start: Replicas['start'] = async (id, more = []) => {
    const own = ['--store', etcd.storeUrl, '--id', id, '--action-controller', controller.url];
    const service = await startStateManager([...own, '--lease-ttl-seconds', '1', ...flags, ...more], env);
    const replica = {
      id,
      service,
      peer: connectPeer(service.address, credentials),
      api: connectApi(service.address, credentials),
    };
    all.push(replica);
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded' || msg === 'following: view loaded');
    return replica;
  };
  const leader = async (): Promise<Replica> =>
    eventually(async () => {
      const { id } = JSON.parse((await etcd.get(LEADER_KEY)) ?? '{}') as { id?: string };
      const found = all.find((replica) => replica.id === id);
      if (found === undefined) throw new Error(`the leader is ${id ?? 'nobody'}`);
      return found;
    });
  const leave = (replica: Replica): void => {
    replica.peer.close();
    replica.api.close();
    all.splice(all.indexOf(replica), 1);
  };
  for (let i = 1; i <= count; i += 1) await start(`r${i}`);
  return {
    etcd,
    controller,
    all,
    leader,
    start,
    other: (than) => {
      const found = all.find((replica) => replica !== than);
      if (found === undefined) throw new Error('there is no other one');
      return found;
    },
    async end(replica, signal) {
      leave(replica);
      await (signal === 'SIGKILL' ? replica.service.kill() : replica.service.stop());
    },
    async define(name, models) {
      await etcd.put(`Package/${name}`, packageYaml(name, models));
      await eventually(async () => {
        for (const { api } of all) {
          const { package: detail } = await api.get('package', name);
          const named = (detail as { models: { name: string }[] }).models.map((model) => model.name);
          if (named.join() !== models.join()) throw new Error(`${name} has ${named.join()}`);
        }
      });
    },
    async stop() {
      for (const { peer, api, service } of all) {
        peer.close();
        api.close();
        await service.kill();
      }
      controller.stop();
      await etcd.stop();
    },
  };
}
