import { startEtcdCluster, type TestEtcdCluster } from '@statemanager/etcd-store/testing';
import { NEVER_MS } from '../faults/stand.ts';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { startDirectedProxy, type DirectedProxy } from '../kit/directed-proxy.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

/** One StateManager's place among three: its process comes and goes, the ways to and from it stay. */
export interface Place {
  readonly id: string;
  /** The way of clients, and of the other replicas, to it. */
  readonly way: DirectedProxy;
  /** Its ways to etcd, one to each member. */
  readonly etcdWays: readonly DirectedProxy[];
  /** The process that runs; undefined between two. */
  service: StateManagerProcess | undefined;
  /** Every process that ran here. */
  readonly services: StateManagerProcess[];
  /** Something is being done to it. */
  isBusy: boolean;
}

/** Three StateManagers on three etcd members, every way between them through a proxy. */
export interface ChaosCluster {
  readonly etcd: TestEtcdCluster;
  readonly controller: ScriptedController;
  readonly places: readonly Place[];
  /** Starts a place's process, with its id and address as before, and waits until it can answer. */
  start(place: Place): Promise<void>;
  /** What all processes of a place have logged, a line each. */
  logOf(place: Place): string;
  stop(): Promise<void>;
}

const FLAGS = [
  ['missing-grace-ms', NEVER_MS],
  ['answer-within-ms', '5000'],
  ['reconcile-initial-backoff-ms', '200'],
  ['reconcile-max-backoff-ms', '1000'],
  ['reconcile-heal-ms', '1000'],
  // The whole past is read at the end.
  ['compact-keep-ms', '0'],
].flatMap(([name, value]) => [`--${name}`, value as string]);

/** Starts everything; the first place leads. */
export async function startChaosCluster(leaseTtlSeconds: number): Promise<ChaosCluster> {
  const etcd = await startEtcdCluster();
  const controller = await startController();
  const places = await Promise.all(['r1', 'r2', 'r3'].map((id) => makePlace(id, etcd)));
  const start: ChaosCluster['start'] = async (place) => {
    const service = await startStateManager([
      ...FLAGS,
      ...['--lease-ttl-seconds', String(leaseTtlSeconds)],
      ...['--id', place.id, '--advertise', place.way.endpoint],
      ...['--store', `etcd:${place.etcdWays.map(({ endpoint }) => endpoint).join(',')}`],
      ...['--action-controller', controller.url],
    ]);
    place.service = service;
    place.services.push(service);
    place.way.target(Number(service.address.split(':')[1]));
  };
  for (const place of places) {
    await start(place);
    await place.service?.waitForLog(
      ({ msg }) => msg === 'leading: view loaded' || msg === 'following: view loaded',
      30_000,
    );
  }
  return {
    etcd,
    controller,
    places,
    start,
    logOf: ({ services }) => services.flatMap(({ logs }) => logs.map((line) => JSON.stringify(line))).join('\n'),
    async stop() {
      for (const { service, way, etcdWays } of places) {
        await service?.kill();
        await Promise.all([way, ...etcdWays].map((proxy) => proxy.close()));
      }
      controller.stop();
      await etcd.stop();
    },
  };
}

async function makePlace(id: string, etcd: TestEtcdCluster): Promise<Place> {
  const way = await startDirectedProxy();
  const etcdWays = await Promise.all(etcd.members.map(({ port }) => startDirectedProxy(port)));
  return { id, way, etcdWays, service: undefined, services: [], isBusy: false };
}
