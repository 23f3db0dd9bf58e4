import { expect } from 'vitest';
import { startController, type ScriptedController } from './controller.ts';
import { startEtcdView, type EtcdView } from './etcd-view.ts';
import { eventually } from './eventually.ts';
import { connectPeer, type Peer } from './peer.ts';
import { startStateManager, type StateManagerProcess } from './state-manager.ts';

/** The service on a real etcd of its own, with a scripted ActionController, and a peer that calls it. */
export interface World {
  readonly etcd: EtcdView;
  readonly controller: ScriptedController;
  /** The present process: another one after a restart. */
  readonly service: StateManagerProcess;
  readonly peer: Peer;
  /** What the store says of a resource's state. */
  state(kind: 'scenario' | 'package' | 'model', name: string): Promise<string | undefined>;
  /** What the service remembers of a resource. */
  record(kind: 'scenario' | 'package' | 'model', name: string): Promise<Readonly<Record<string, unknown>>>;
  /** Puts a package's definition and waits until the service has followed it. */
  define(name: string, models: readonly string[]): Promise<void>;
  /** SIGKILL, then `meanwhile`, then a new process with the same flags or others. */
  crash(meanwhile?: () => Promise<void>, flags?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** On `shared`, if it is given: whoever started that also stops it, and finds it empty afterwards. */
export async function startWorld(flags: readonly string[] = [], shared?: EtcdView): Promise<World> {
  const etcd = shared ?? (await startEtcdView());
  const controller = await startController();
  const start = (more: readonly string[]): Promise<StateManagerProcess> =>
    startStateManager([...['--store', etcd.storeUrl, '--id', 'test', '--action-controller', controller.url], ...more]);
  let service = await start(flags);
  let peer = connectPeer(service.address);
  const state: World['state'] = (kind, name) => etcd.get(`/${kind}/${name}/state`);
  const record: World['record'] = async (kind, name) =>
    JSON.parse((await etcd.get(`/statemanager/record/${kind}/${name}`)) ?? '{}') as Record<string, unknown>;
  return {
    etcd,
    controller,
    get service() {
      return service;
    },
    get peer() {
      return peer;
    },
    state,
    record,
    async define(name, models) {
      await etcd.put(`Package/${name}`, packageYaml(name, models));
      await eventually(async () => {
        const { definition } = await record('package', name);
        expect((definition as { models: unknown } | undefined)?.models).toEqual(models);
      });
    },
    async crash(meanwhile, changed = flags) {
      await service.kill();
      peer.close();
      await meanwhile?.();
      service = await start(changed);
      peer = connectPeer(service.address);
    },
    async stop() {
      peer.close();
      await service.kill();
      controller.stop();
      await (shared === undefined ? etcd.stop() : etcd.clear());
    },
  };
}

/** A package's document, as ApiServer writes it. */
export function packageYaml(name: string, models: readonly string[]): string {
  const list = models.map((model) => `    - name: ${JSON.stringify(model)}\n      node: n1\n`).join('');
  return `apiVersion: v1\nkind: Package\nmetadata:\n  name: ${name}\nspec:\n  pattern:\n    - type: plain\n  models:${
    list === '' ? ' []\n' : `\n${list}`
  }`;
}

/** A scenario's document, as ApiServer writes it. */
export function scenarioYaml(name: string, target: string): string {
  return `apiVersion: v1\nkind: Scenario\nmetadata:\n  name: ${name}\nspec:\n  condition:\n  action: launch\n  target: ${target}\n`;
}
