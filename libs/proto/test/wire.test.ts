import { fromBinary, ScalarType, toBinary, type DescEnum, type DescFile, type DescMessage } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { actioncontroller, monitoringserver, statemanager } from '../src/index.ts';

/** The public interface of the peers, as docs/protocol.md states it: names, numbers and types. */
const STATEMANAGER = {
  package: 'statemanager',
  services: {
    StateManagerConnection: {
      SendStateChange: 'statemanager.StateChange -> statemanager.StateChangeResponse',
      SendChangedContainerList: 'monitoringserver.ContainerList -> monitoringserver.SendContainerListResponse',
      TriggerOffloading: 'statemanager.OffloadingRequest -> statemanager.OffloadingResponse',
      SendAction: 'statemanager.Action -> statemanager.Response',
    },
  },
  messages: {
    StateChange: [
      '1 resource_type statemanager.ResourceType',
      '2 resource_name string',
      '3 current_state string',
      '4 target_state string',
      '5 transition_id string',
      '6 timestamp_ns int64',
      '7 source string',
    ],
    StateChangeResponse: [
      '1 message string',
      '2 transition_id string',
      '3 timestamp_ns int64',
      '4 error_code statemanager.ErrorCode',
      '5 error_details string',
    ],
    OffloadingRequest: [
      '1 scenario_name string',
      '2 package_name string',
      '3 model_name string',
      '4 source_node string',
      '5 target_node string',
      '6 policy_name string',
      '7 reason string',
    ],
    OffloadingResponse: ['1 accepted bool', '2 message string', '3 transition_id string'],
    Action: ['1 action string'],
    Response: ['1 resp string'],
  },
  enums: {
    ResourceType: prefixed('RESOURCE_TYPE', 'UNSPECIFIED SCENARIO PACKAGE MODEL VOLUME NETWORK NODE'),
    ScenarioState: prefixed('SCENARIO_STATE', 'UNSPECIFIED IDLE WAITING SATISFIED ALLOWED DENIED COMPLETED'),
    PackageState: prefixed('PACKAGE_STATE', 'UNSPECIFIED IDLE PAUSED EXITED DEGRADED ERROR RUNNING'),
    ModelState: prefixed('MODEL_STATE', 'UNSPECIFIED CREATED PAUSED EXITED DEAD RUNNING'),
    ErrorCode: prefixed(
      'ERROR_CODE',
      'SUCCESS UNSPECIFIED INVALID_REQUEST RESOURCE_NOT_FOUND INVALID_STATE_TRANSITION PRECONDITION_FAILED TIMEOUT ' +
        'RESOURCE_UNAVAILABLE PERMISSION_DENIED INTERNAL_ERROR DEPENDENCY_FAILED RECOVERY_FAILED',
    ),
  },
};

const MONITORINGSERVER = {
  package: 'monitoringserver',
  services: {},
  messages: {
    ContainerList: ['1 node_name string', '2 containers repeated monitoringserver.ContainerInfo'],
    ContainerInfo: [
      '1 id string',
      '2 names repeated string',
      '3 image string',
      '4 state map<string,string>',
      '5 config map<string,string>',
      '6 annotation map<string,string>',
      '7 stats map<string,string>',
    ],
    SendContainerListResponse: ['1 resp string'],
  },
  enums: {},
};

const ACTIONCONTROLLER = {
  package: 'actioncontroller',
  services: {
    ActionControllerConnection: {
      TriggerAction: 'actioncontroller.TriggerActionRequest -> actioncontroller.TriggerActionResponse',
      Reconcile: 'actioncontroller.ReconcileRequest -> actioncontroller.ReconcileResponse',
      CompleteNetworkSetting:
        'actioncontroller.CompleteNetworkSettingRequest -> actioncontroller.CompleteNetworkSettingResponse',
      OffloadModel: 'actioncontroller.OffloadModelRequest -> actioncontroller.OffloadModelResponse',
    },
  },
  messages: {
    TriggerActionRequest: ['1 scenario_name string'],
    TriggerActionResponse: ['1 status int32', '2 desc string'],
    ReconcileRequest: [
      '1 scenario_name string',
      '2 current actioncontroller.PodStatus',
      '3 desired actioncontroller.PodStatus',
    ],
    ReconcileResponse: ['1 status int32', '2 desc string'],
    CompleteNetworkSettingRequest: [
      '1 request_id string',
      '2 network_status actioncontroller.NetworkStatus',
      '3 pod_status actioncontroller.PodStatus',
      '4 details string',
    ],
    CompleteNetworkSettingResponse: ['1 acknowledged bool'],
    OffloadModelRequest: STATEMANAGER.messages.OffloadingRequest,
    OffloadModelResponse: ['1 success bool', '2 message string', '3 transition_id string'],
  },
  enums: {
    PodStatus: numbered('NONE INIT READY RUNNING DONE FAILED UNKNOWN'.split(' ')),
    NetworkStatus: numbered('OK ERROR TIMEOUT'.split(' ')),
  },
};

function prefixed(prefix: string, names: string): readonly string[] {
  return numbered(names.split(' ').map((name) => `${prefix}_${name}`));
}

function numbered(names: readonly string[]): readonly string[] {
  return names.map((name, i) => `${i} ${name}`);
}

describe('the wire of the peers', () => {
  it.each([
    ['statemanager', statemanager.file_statemanager, STATEMANAGER],
    ['monitoringserver', monitoringserver.file_monitoringserver, MONITORINGSERVER],
    ['actioncontroller', actioncontroller.file_actioncontroller, ACTIONCONTROLLER],
  ])('has the services, fields, numbers and types of package %s, and no others', (_, file, facts) => {
    expect(factsOf(file)).toEqual(facts);
  });

  it('reads bytes that were put together by hand', () => {
    // Field 1, 2 and 4 of StateChange: a varint and two strings, as any proto3 encoder writes them.
    const bytes = Uint8Array.from([0x08, 0x01, 0x12, 0x02, ...text('hw'), 0x22, 0x04, ...text('idle')]);
    const change = fromBinary(statemanager.StateChangeSchema, bytes);
    expect(change).toMatchObject({
      resourceType: statemanager.ResourceType.SCENARIO,
      resourceName: 'hw',
      currentState: '',
      targetState: 'idle',
      timestampNs: 0n,
    });
    expect(toBinary(statemanager.StateChangeSchema, change)).toEqual(bytes);
  });

  it('keeps an enum number that this release does not know', () => {
    const bytes = Uint8Array.from([0x08, 0x63]);
    const change = fromBinary(statemanager.StateChangeSchema, bytes);
    expect(change.resourceType).toBe(99);
    expect(toBinary(statemanager.StateChangeSchema, change)).toEqual(bytes);
  });
});

function text(value: string): readonly number[] {
  return [...new TextEncoder().encode(value)];
}

function factsOf(file: DescFile): unknown {
  return {
    package: file.proto.package,
    services: Object.fromEntries(
      file.services.map((service) => [
        service.name,
        Object.fromEntries(
          service.methods.map((method) => {
            expect(method.methodKind).toBe('unary');
            return [method.name, `${method.input.typeName} -> ${method.output.typeName}`];
          }),
        ),
      ]),
    ),
    messages: Object.fromEntries(file.messages.map((message) => [message.name, fieldsOf(message)])),
    enums: Object.fromEntries(file.enums.map((one) => [one.name, valuesOf(one)])),
  };
}

function fieldsOf({ fields }: DescMessage): readonly string[] {
  return fields.map((field) => `${field.number} ${field.name} ${typeOf(field)}`);
}

function typeOf(field: DescMessage['fields'][number]): string {
  switch (field.fieldKind) {
    case 'scalar':
      return scalar(field.scalar);
    case 'enum':
      return field.enum.typeName;
    case 'message':
      return field.message.typeName;
    case 'list':
      return `repeated ${field.listKind === 'scalar' ? scalar(field.scalar) : (field.message ?? field.enum).typeName}`;
    case 'map':
      return `map<${scalar(field.mapKey)},${field.mapKind === 'scalar' ? scalar(field.scalar) : 'other'}>`;
  }
}

function scalar(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}

function valuesOf({ values }: DescEnum): readonly string[] {
  return values.map(({ number, name }) => `${number} ${name}`);
}
