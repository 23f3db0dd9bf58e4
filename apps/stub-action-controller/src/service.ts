import { randomUUID } from 'node:crypto';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ServiceImpl } from '@connectrpc/connect';
import { actioncontroller } from '@statemanager/proto';
import { packageOf } from './definitions.ts';
import type { Definitions } from './definitions.ts';
import type { Desk } from './desk.ts';
import type { NodeAgentClient } from './node-agent-client.ts';
import { ordersToRun, ordersToStop } from './repair.ts';
import type { RepairOrder } from './repair.ts';

/** What the service works with. */
export interface ServiceOptions {
  readonly definitions: Definitions;
  readonly nodeAgent: NodeAgentClient;
  /** How long after its order a repair takes effect. */
  readonly repairDelayMs: number;
  /** Whether a Reconcile whose `current` is NONE, FAILED or UNKNOWN is answered INTERNAL, as the public one does. */
  readonly refuseFailed: boolean;
}

type Service = ServiceImpl<typeof actioncontroller.ActionControllerConnection>;
type Answer = { status: number; desc: string };

const { PodStatus } = actioncontroller;
const REFUSED_BY_PUBLIC_ONE: readonly actioncontroller.PodStatus[] = [
  PodStatus.NONE,
  PodStatus.FAILED,
  PodStatus.UNKNOWN,
];

/** ActionController's four methods, on a simulated fleet, each behind the desk. */
export function createService(options: ServiceOptions, desk: Desk): Service {
  const { method } = actioncontroller.ActionControllerConnection;
  return {
    reconcile: desk(method.reconcile, (request, { signal }) => reconcile(options, request, signal)),
    triggerAction: desk(method.triggerAction, ({ scenarioName }, { signal }) =>
      triggerAction(options, scenarioName, signal),
    ),
    offloadModel: desk(method.offloadModel, (request, { signal }) => offloadModel(options, request, signal)),
    completeNetworkSetting: desk(method.completeNetworkSetting, () => ({ acknowledged: true })),
  };
}

async function reconcile(
  options: ServiceOptions,
  request: actioncontroller.ReconcileRequest,
  signal: AbortSignal,
): Promise<Answer> {
  if (options.refuseFailed && REFUSED_BY_PUBLIC_ONE.includes(request.current)) {
    throw new ConnectError(`current status ${PodStatus[request.current]} cannot be reconciled`, Code.Internal);
  }
  const packageName = knownPackage(options, request.scenarioName);
  if (request.desired !== PodStatus.RUNNING) {
    return {
      status: 1,
      desc: `only RUNNING can be brought about, not ${PodStatus[request.desired] ?? request.desired}`,
    };
  }
  return run(options, packageName, signal);
}

async function triggerAction(options: ServiceOptions, scenarioName: string, signal: AbortSignal): Promise<Answer> {
  const packageName = knownPackage(options, scenarioName);
  const action = options.definitions.scenarios.get(scenarioName)?.action ?? 'launch';
  switch (action) {
    case 'launch':
    case 'update':
      return run(options, packageName, signal);
    case 'terminate': {
      const fleet = await options.nodeAgent.fleet(signal);
      return give(options, `stop of '${packageName}'`, ordersToStop(options.definitions, fleet, packageName), signal);
    }
    default:
      return { status: 1, desc: `scenario '${scenarioName}' has the action '${action}', which is not simulated` };
  }
}

async function offloadModel(
  { nodeAgent }: ServiceOptions,
  request: actioncontroller.OffloadModelRequest,
  signal: AbortSignal,
): Promise<{ success: boolean; message: string; transitionId: string }> {
  const { modelName: model, sourceNode: from, targetNode: to } = request;
  const transitionId = randomUUID();
  const refused = await nodeAgent.order({ action: 'move', model, from, to }, signal);
  if (refused !== undefined) return { success: false, message: refused, transitionId };
  return { success: true, message: `'${model}' moved from '${from}' to '${to}'`, transitionId };
}

function knownPackage({ definitions }: ServiceOptions, name: string): string {
  const found = packageOf(definitions, name);
  if (found !== undefined) return found;
  const target = definitions.scenarios.get(name)?.target;
  const what =
    target === undefined ? `no scenario or package '${name}'` : `no package '${target}', which '${name}' targets`;
  throw new ConnectError(`there is ${what}`, Code.NotFound);
}

async function run(options: ServiceOptions, packageName: string, signal: AbortSignal): Promise<Answer> {
  const fleet = await options.nodeAgent.fleet(signal);
  return give(options, `repair of '${packageName}'`, ordersToRun(options.definitions, fleet, packageName), signal);
}

/** Gives the orders, and says in a sentence which were taken; one that was not makes the answer a refusal. */
async function give(
  { nodeAgent, repairDelayMs }: ServiceOptions,
  what: string,
  orders: readonly RepairOrder[],
  signal: AbortSignal,
): Promise<Answer> {
  if (orders.length === 0) return { status: 0, desc: `${what}: nothing to do` };
  const refusals: string[] = [];
  for (const order of orders) {
    const refused = await nodeAgent.order({ ...order, afterMs: repairDelayMs }, signal);
    if (refused !== undefined) refusals.push(`${order.action} of '${order.model}': ${refused}`);
  }
  if (refusals.length > 0) return { status: 1, desc: `${what}: ${refusals.join('; ')}` };
  const given = orders.map((order) => `${order.action} ${order.model} on ${String(order['node'])}`);
  return { status: 0, desc: `${what} ordered: ${given.join(', ')}` };
}
