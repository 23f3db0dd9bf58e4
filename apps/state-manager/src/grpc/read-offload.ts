import type { OffloadModelRequest } from '@statemanager/action-client';
import type { statemanager } from '@statemanager/proto';
import { MAX_TEXT_BYTES, NAME_RULE, isName } from '@statemanager/state-machine';

const NAMES = [
  ['scenario_name', 'scenarioName'],
  ['package_name', 'packageName'],
  ['model_name', 'modelName'],
  ['source_node', 'sourceNode'],
  ['target_node', 'targetNode'],
] as const;

/** What is asked for, or a sentence that names the field that is wrong. */
export function readOffload(request: statemanager.OffloadingRequest): OffloadModelRequest | string {
  for (const [field, property] of NAMES) {
    if (!isName(request[property])) return `${field} must be ${NAME_RULE}`;
  }
  if (request.sourceNode === request.targetNode) return 'target_node must be another node than source_node';
  if (Buffer.byteLength(request.policyName) > MAX_TEXT_BYTES)
    return `policy_name must be at most ${MAX_TEXT_BYTES} bytes`;
  if (Buffer.byteLength(request.reason) > MAX_REASON_BYTES) return `reason must be at most ${MAX_REASON_BYTES} bytes`;
  const { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason } = request;
  return { scenarioName, packageName, modelName, sourceNode, targetNode, policyName, reason };
}

/** The longest reason of an offload, which is kept in the model's history. */
const MAX_REASON_BYTES = 1024;
