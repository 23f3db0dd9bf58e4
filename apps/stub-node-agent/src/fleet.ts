import { createContainer, hexId } from './container.ts';
import type { Container, ContainerState, Machine } from './container.ts';
import type { ModelSpec, NodeSpec } from './fleet-file.ts';

/** The containers that one model has on one node: a Podman pod. */
export interface Pod {
  readonly model: string;
  /** The id of the pod's pause container. */
  readonly pauseId: string;
  readonly startedAt: Date;
  readonly pausePid: number;
  readonly containers: readonly Container[];
}

/** A simulated node. */
export interface FleetNode {
  readonly name: string;
  readonly pods: Map<string, Pod>;
  /** Whether Podman fails at the next look, so that the list comes out empty. */
  hiccup: boolean;
  /** What became of its reports so far; `waiting` while one is under way. */
  readonly reports: { sent: number; failed: number; waiting: boolean };
}

/** The simulated fleet: every node by its name. */
export interface Fleet {
  readonly nodes: ReadonlyMap<string, FleetNode>;
  readonly machine: Machine;
}

/** A fleet in which everything that the file names is running. */
export function createFleet(specs: readonly NodeSpec[], now: () => Date = () => new Date()): Fleet {
  let lastPid = 1000;
  const machine: Machine = { now, nextPid: () => (lastPid += 7) };
  const nodes = specs.map(({ name, models }) => {
    const pods = models.map((model) => [model.name, createPod(name, model, machine)] as const);
    const reports = { sent: 0, failed: 0, waiting: false };
    return [name, { name, pods: new Map(pods), hiccup: false, reports }] as const;
  });
  return { nodes: new Map(nodes), machine };
}

/** A running pod of a model on a node. */
export function createPod(node: string, model: ModelSpec, machine: Machine): Pod {
  const owner = `${node}/${model.name}`;
  return {
    model: model.name,
    pauseId: hexId(owner),
    startedAt: machine.now(),
    pausePid: machine.nextPid(),
    containers: model.containers.map((spec) => createContainer(spec, machine, owner)),
  };
}

/** A container as `GET /fleet` shows it. */
export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly id: string;
  readonly state: ContainerState;
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** The fleet as `GET /fleet` shows it. */
export interface FleetView {
  readonly nodes: readonly {
    readonly name: string;
    readonly reports: FleetNode['reports'];
    readonly models: readonly { readonly name: string; readonly containers: readonly ContainerView[] }[];
  }[];
}

/** What the fleet is right now, removed containers included. */
export function viewFleet(fleet: Fleet): FleetView {
  return {
    nodes: Array.from(fleet.nodes.values(), ({ name, reports, pods }) => ({
      name,
      reports: { ...reports },
      models: Array.from(pods.values(), (pod) => ({ name: pod.model, containers: pod.containers.map(viewContainer) })),
    })),
  };
}

function viewContainer({ name, image, id, state, exitCode, oomKilled }: Container): ContainerView {
  return { name, image, id, state, exitCode, oomKilled };
}
