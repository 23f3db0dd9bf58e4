import { CONTAINER_ACTIONS } from './container.ts';
import type { Container, ContainerState } from './container.ts';
import { createPod } from './fleet.ts';
import type { Fleet, FleetNode, Pod } from './fleet.ts';
import type { Order } from './order.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** A container that an order changed. */
export interface Change {
  readonly node: string;
  readonly model: string;
  readonly container: string;
  readonly from: ContainerState;
  readonly to: ContainerState;
}

type ContainerOrder = Extract<Order, { ending: unknown }>;
type AddOrder = Extract<Order, { action: 'add' }>;
type MoveOrder = Extract<Order, { action: 'move' }>;

/** Finds out what an order means for the fleet as it is: a refusal, or the function that carries it out. */
export function plan(fleet: Fleet, order: Order): Refusal | (() => Change[]) {
  switch (order.action) {
    case 'add':
      return planAdd(fleet, order);
    case 'move':
      return planMove(fleet, order);
    default:
      return planContainers(fleet, order);
  }
}

interface Placed {
  readonly node: FleetNode;
  readonly pod: Pod;
  readonly container: Container;
}

function planContainers(fleet: Fleet, order: ContainerOrder): Refusal | (() => Change[]) {
  const unknown = unknownTarget(fleet, order);
  if (unknown !== undefined) return unknown;
  const { from, apply } = CONTAINER_ACTIONS[order.action];
  const targets = targetsOf(fleet, order);
  const fitting = targets.filter(({ container }) => from.includes(container.state));
  if (fitting.length === 0) {
    const states = [...new Set(targets.map(({ container }) => container.state))].join(', ');
    return { status: 400, error: `nothing to ${order.action}: all of it is ${states}` };
  }
  return () =>
    fitting.map((placed) => {
      const before = placed.container.state;
      apply(placed.container, order.ending, fleet.machine);
      return changeOf(placed, before, placed.container.state);
    });
}

function planAdd(fleet: Fleet, { node: name, model }: AddOrder): Refusal | (() => Change[]) {
  const node = placeFor(fleet, name, model.name, model.containers);
  if (isRefusal(node)) return node;
  return () => {
    const pod = createPod(name, model, fleet.machine);
    node.pods.set(model.name, pod);
    return pod.containers.map((container) => changeOf({ node, pod, container }, 'removed', container.state));
  };
}

function planMove(fleet: Fleet, { model, from, to }: MoveOrder): Refusal | (() => Change[]) {
  const source = fleet.nodes.get(from);
  if (source === undefined) return { status: 404, error: `from: there is no node '${from}'` };
  const pod = source.pods.get(model);
  if (pod === undefined) return { status: 404, error: `model: '${from}' has no model '${model}'` };
  const node = placeFor(fleet, to, model, pod.containers);
  if (isRefusal(node)) return node;
  return () => {
    source.pods.delete(model);
    const containers = pod.containers.map(({ name, image }) => ({ name, image }));
    const moved = createPod(to, { name: model, containers }, fleet.machine);
    node.pods.set(model, moved);
    return [
      ...pod.containers.map((container) => changeOf({ node: source, pod, container }, container.state, 'removed')),
      ...moved.containers.map((container) => changeOf({ node, pod: moved, container }, 'removed', container.state)),
    ];
  };
}

function placeFor(fleet: Fleet, name: string, model: string, containers: readonly { name: string }[]) {
  const node = fleet.nodes.get(name);
  if (node === undefined) return { status: 404, error: `there is no node '${name}'` } satisfies Refusal;
  if (node.pods.has(model)) return { status: 400, error: `'${name}' already has model '${model}'` } satisfies Refusal;
  const taken = new Set(Array.from(node.pods.values()).flatMap((pod) => pod.containers.map((each) => each.name)));
  for (const container of containers) {
    if (taken.has(container.name)) {
      return { status: 400, error: `'${name}' already has a container '${container.name}'` } satisfies Refusal;
    }
    taken.add(container.name);
  }
  return node;
}

function targetsOf(fleet: Fleet, { target }: ContainerOrder): Placed[] {
  const fits = (wanted: string | undefined, name: string) => wanted === undefined || wanted === name;
  return Array.from(fleet.nodes.values())
    .filter((node) => fits(target.node, node.name))
    .flatMap((node) => Array.from(node.pods.values(), (pod) => ({ node, pod })))
    .filter(({ pod }) => fits(target.model, pod.model))
    .flatMap(({ node, pod }) => pod.containers.map((container) => ({ node, pod, container })))
    .filter(({ container }) => fits(target.container, container.name));
}

function unknownTarget(fleet: Fleet, order: ContainerOrder): Refusal | undefined {
  const { node, model, container } = order.target;
  if (node !== undefined && !fleet.nodes.has(node)) return { status: 404, error: `there is no node '${node}'` };
  if (targetsOf(fleet, order).length > 0) return undefined;
  const wanted = container === undefined ? `model '${model ?? ''}'` : `container '${container}'`;
  const place = [
    ...(container !== undefined && model !== undefined ? [`in model '${model}'`] : []),
    ...(node === undefined ? [] : [`on node '${node}'`]),
  ];
  const nothing = model === undefined && container === undefined ? 'nothing' : `no ${wanted}`;
  return { status: 404, error: ['there is', nothing, ...place].join(' ') };
}

function changeOf({ node, pod, container }: Placed, from: ContainerState, to: ContainerState): Change {
  return { node: node.name, model: pod.model, container: container.name, from, to };
}
