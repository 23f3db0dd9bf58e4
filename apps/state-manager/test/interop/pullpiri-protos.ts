import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * The Pullpiri wire, written down a second time from the facts of the interface and from nothing else: a peer whose
 * stubs are made from these files proves that our own `proto/` folder says the same. A field is `type name`, and its
 * number is its place.
 */

type Fields = readonly string[];

const SEVEN: Fields = [
  'string scenario_name',
  'string package_name',
  'string model_name',
  'string source_node',
  'string target_node',
  'string policy_name',
  'string reason',
];

const STATE_MANAGER = file(
  'statemanager',
  ['monitoringserver.proto'],
  [
    service('StateManagerConnection', [
      ['SendStateChange', 'StateChange', 'StateChangeResponse'],
      ['SendChangedContainerList', 'monitoringserver.ContainerList', 'monitoringserver.SendContainerListResponse'],
      ['TriggerOffloading', 'OffloadingRequest', 'OffloadingResponse'],
      ['SendAction', 'Action', 'Response'],
    ]),
    message('StateChange', [
      'ResourceType resource_type',
      'string resource_name',
      'string current_state',
      'string target_state',
      'string transition_id',
      'int64 timestamp_ns',
      'string source',
    ]),
    message('StateChangeResponse', [
      'string message',
      'string transition_id',
      'int64 timestamp_ns',
      'ErrorCode error_code',
      'string error_details',
    ]),
    message('OffloadingRequest', SEVEN),
    message('OffloadingResponse', ['bool accepted', 'string message', 'string transition_id']),
    message('Action', ['string action']),
    message('Response', ['string resp']),
    enumeration('ResourceType', 'RESOURCE_TYPE_', 'UNSPECIFIED SCENARIO PACKAGE MODEL VOLUME NETWORK NODE'),
    enumeration(
      'ErrorCode',
      'ERROR_CODE_',
      'SUCCESS UNSPECIFIED INVALID_REQUEST RESOURCE_NOT_FOUND INVALID_STATE_TRANSITION PRECONDITION_FAILED TIMEOUT ' +
        'RESOURCE_UNAVAILABLE PERMISSION_DENIED INTERNAL_ERROR DEPENDENCY_FAILED RECOVERY_FAILED',
    ),
  ],
);

const MONITORING_SERVER = file(
  'monitoringserver',
  [],
  [
    message('ContainerList', ['string node_name', 'repeated ContainerInfo containers']),
    message('ContainerInfo', [
      'string id',
      'repeated string names',
      'string image',
      'map<string, string> state',
      'map<string, string> config',
      'map<string, string> annotation',
      'map<string, string> stats',
    ]),
    message('SendContainerListResponse', ['string resp']),
  ],
);

const ACTION_CONTROLLER = file(
  'actioncontroller',
  [],
  [
    service('ActionControllerConnection', [
      ['TriggerAction', 'TriggerActionRequest', 'TriggerActionResponse'],
      ['Reconcile', 'ReconcileRequest', 'ReconcileResponse'],
      ['CompleteNetworkSetting', 'CompleteNetworkSettingRequest', 'CompleteNetworkSettingResponse'],
      ['OffloadModel', 'OffloadModelRequest', 'OffloadModelResponse'],
    ]),
    message('TriggerActionRequest', ['string scenario_name']),
    message('TriggerActionResponse', ['int32 status', 'string desc']),
    message('ReconcileRequest', ['string scenario_name', 'PodStatus current', 'PodStatus desired']),
    message('ReconcileResponse', ['int32 status', 'string desc']),
    message('CompleteNetworkSettingRequest', [
      'string request_id',
      'NetworkStatus network_status',
      'PodStatus pod_status',
      'string details',
    ]),
    message('CompleteNetworkSettingResponse', ['bool acknowledged']),
    message('OffloadModelRequest', SEVEN),
    message('OffloadModelResponse', ['bool success', 'string message', 'string transition_id']),
    enumeration('PodStatus', '', 'NONE INIT READY RUNNING DONE FAILED UNKNOWN'),
    enumeration('NetworkStatus', '', 'OK ERROR TIMEOUT'),
  ],
);

/** Writes the three files into a folder and returns their names. */
export function writePullpiriProtos(folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files = {
    'statemanager.proto': STATE_MANAGER,
    'monitoringserver.proto': MONITORING_SERVER,
    'actioncontroller.proto': ACTION_CONTROLLER,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return Object.keys(files);
}

function file(name: string, imports: readonly string[], parts: readonly string[]): string {
  const head = imports.map((imported) => `import "${imported}";\n`).join('');
  return `syntax = "proto3";\npackage ${name};\n${head}${parts.join('')}`;
}

function service(name: string, methods: readonly (readonly [string, string, string])[]): string {
  const lines = methods.map(([method, request, answer]) => `  rpc ${method}(${request}) returns (${answer});\n`);
  return `service ${name} {\n${lines.join('')}}\n`;
}

function message(name: string, fields: Fields): string {
  return `message ${name} {\n${fields.map((field, i) => `  ${field} = ${i + 1};\n`).join('')}}\n`;
}

function enumeration(name: string, prefix: string, values: string): string {
  const lines = values.split(' ').map((value, i) => `  ${prefix}${value} = ${i};\n`);
  return `enum ${name} {\n${lines.join('')}}\n`;
}
