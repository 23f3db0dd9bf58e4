import { randomUUID } from 'node:crypto';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { ActionClientError } from '@statemanager/action-client';
import { monitoringserver, statemanager } from '@statemanager/proto';
import type { ChangeRequest, RejectionCode, ResourceKind } from '@statemanager/state-machine';
import { create } from '@bufbuild/protobuf';
import { asksAs, assertMayReport } from '../access/access.ts';
import { PRINCIPAL } from '../access/interceptor.ts';
import type { Principal } from '../access/policy.ts';
import type { Logger } from '../log.ts';
import type { Manager } from '../manager.ts';
import type { Forwarder } from '../replicas/forwarder.ts';
import { readForwarded } from '../replicas/headers.ts';
import type { LastWays } from '../replicas/last-ways.ts';
import type { MisnamedContainers } from './misnamed-containers.ts';
import { readOffload } from './read-offload.ts';
import { readReport, type ReadReport } from './read-report.ts';
import type { Sender } from './sender.ts';
import { decided, takeReport } from './take-report.ts';
import type { Wakefulness } from './wakefulness.ts';

export interface ReceiverOptions {
  readonly manager: Manager;
  readonly misnamed: MisnamedContainers;
  readonly ways: LastWays;
  readonly awake: Wakefulness;
  readonly sender: Sender;
  readonly forwarder: Forwarder;
  readonly maxContainersCount: number;
  readonly log: Logger;
}

/** The incoming half of the wire: reads what peers send, has it decided, and answers once it is durable. */
export function receive(router: ConnectRouter, options: ReceiverOptions): void {
  const { forwarder } = options;
  const { method } = statemanager.StateManagerConnection;
  router.service(statemanager.StateManagerConnection, {
    sendStateChange: forwarder.serve(method.sendStateChange, true, (request, context: HandlerContext) =>
      changeState(request, context, options),
    ),
    sendChangedContainerList: (request, context) => takeList(request, context, options),
    triggerOffloading: forwarder.serve(method.triggerOffloading, false, (request, context: HandlerContext) =>
      offload(request, context, options),
    ),
    sendAction: () => {
      throw new ConnectError('SendAction is legacy; use SendStateChange', Code.Unimplemented);
    },
  });
}

async function changeState(
  request: statemanager.StateChange,
  context: HandlerContext,
  { manager }: ReceiverOptions,
): Promise<statemanager.StateChangeResponse> {
  const outcome = await decided(
    manager.submit(readChange(request, context.values.get(PRINCIPAL)), { signal: context.signal }),
    context.signal,
  );
  return create(statemanager.StateChangeResponseSchema, {
    message: outcome.accepted ? outcome.message : `refused: ${outcome.details}`,
    transitionId: request.transitionId,
    timestampNs: BigInt(Date.now()) * 1_000_000n,
    errorCode: outcome.accepted ? statemanager.ErrorCode.SUCCESS : ERROR_CODES[outcome.code],
    errorDetails: outcome.accepted ? '' : outcome.details,
  });
}

const ERROR_CODES: Readonly<Record<RejectionCode, statemanager.ErrorCode>> = {
  invalid_request: statemanager.ErrorCode.INVALID_REQUEST,
  resource_not_found: statemanager.ErrorCode.RESOURCE_NOT_FOUND,
  invalid_state_transition: statemanager.ErrorCode.INVALID_STATE_TRANSITION,
  precondition_failed: statemanager.ErrorCode.PRECONDITION_FAILED,
  resource_unavailable: statemanager.ErrorCode.RESOURCE_UNAVAILABLE,
  permission_denied: statemanager.ErrorCode.PERMISSION_DENIED,
};

const KINDS: Readonly<Partial<Record<statemanager.ResourceType, ResourceKind>>> = {
  [statemanager.ResourceType.SCENARIO]: 'scenario',
  [statemanager.ResourceType.PACKAGE]: 'package',
  [statemanager.ResourceType.MODEL]: 'model',
};

function readChange(request: statemanager.StateChange, principal: Principal | undefined): ChangeRequest {
  return {
    type: 'change',
    kind: KINDS[request.resourceType],
    name: request.resourceName,
    currentState: request.currentState,
    targetState: request.targetState,
    transitionId: request.transitionId,
    stamped: request.timestampNs > 0n,
    source: request.source,
    ...(principal !== undefined && { asked: asksAs(principal) }),
    at: Date.now(),
  };
}

async function takeList(
  request: monitoringserver.ContainerList,
  { signal, requestHeader, values }: HandlerContext,
  options: ReceiverOptions,
): Promise<monitoringserver.SendContainerListResponse> {
  const forwarded = readForwarded((name) => requestHeader.get(name) ?? undefined);
  const read = readOrCount(request, options);
  assertMayReport(values.get(PRINCIPAL), read.node);
  const resp = await takeReport(read, forwarded, signal, options);
  return create(monitoringserver.SendContainerListResponseSchema, { resp });
}

function readOrCount(
  request: monitoringserver.ContainerList,
  { manager, maxContainersCount }: ReceiverOptions,
): ReadReport {
  try {
    return readReport(request, maxContainersCount);
  } catch (error) {
    manager.malformedCount += 1;
    throw error;
  }
}

async function offload(
  request: statemanager.OffloadingRequest,
  context: HandlerContext,
  { manager, sender, log }: ReceiverOptions,
): Promise<statemanager.OffloadingResponse> {
  const wanted = readOffload(request);
  if (typeof wanted === 'string') {
    return create(statemanager.OffloadingResponseSchema, { accepted: false, message: `refused: ${wanted}` });
  }
  const answer = await askForOffload(() => sender.offload(wanted, context.signal));
  const id = answer.transitionId.slice(0, 253) || randomUUID();
  const { modelName: model, sourceNode, targetNode, policyName, reason } = wanted;
  const said = `ActionController ${answer.success ? 'accepted' : 'refused'}: ${answer.message.slice(0, 1024)}`;
  const why = [policyName && `policy ${policyName}`, reason].filter(Boolean).join(', ');
  const detail = `offload from ${sourceNode} to ${targetNode}${why && ` (${why})`}; ${said}`;
  log.info({ model, sourceNode, targetNode, accepted: answer.success, transitionId: id }, 'offload');
  const input = { type: 'offload-answered', model, id, accepted: answer.success, sourceNode, targetNode } as const;
  await decided(manager.submit({ ...input, detail, source: policyName || 'offload', at: Date.now() }), context.signal);
  return create(statemanager.OffloadingResponseSchema, {
    accepted: answer.success,
    message: answer.message,
    transitionId: id,
  });
}

/** A refusal is an answer; anything else passes, and the caller may try again. */
async function askForOffload(
  ask: () => ReturnType<Sender['offload']>,
): Promise<{ success: boolean; message: string; transitionId: string }> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ActionClientError)) throw error;
    if (error.code === 'refused') return { success: false, message: error.message, transitionId: '' };
    if (error.code === 'cancelled')
      throw new ConnectError('the caller gave up', Code.Canceled, undefined, undefined, error);
    const code = error.code === 'deadline_exceeded' ? Code.DeadlineExceeded : Code.Unavailable;
    throw new ConnectError(`ActionController: ${error.message}`, code, undefined, undefined, error);
  }
}
