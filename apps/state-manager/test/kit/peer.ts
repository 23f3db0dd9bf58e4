import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO_DIR = fileURLToPath(new URL('../../../../proto', import.meta.url));

/** The Pullpiri wire as grpc-js reads it from the `.proto` files: none of our own generated code is in its way. */
export const wire = grpc.loadPackageDefinition(
  loadSync(['statemanager.proto', 'actioncontroller.proto'], {
    includeDirs: [PROTO_DIR],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  }),
) as unknown as {
  statemanager: { StateManagerConnection: grpc.ServiceClientConstructor };
  actioncontroller: { ActionControllerConnection: grpc.ServiceClientConstructor };
};

export interface ChangeAnswer {
  readonly message: string;
  readonly transition_id: string;
  readonly timestamp_ns: string;
  readonly error_code: string;
  readonly error_details: string;
}

export interface WireContainer {
  readonly id?: string;
  readonly names?: readonly string[];
  readonly image?: string;
  readonly state?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, string>>;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly stats?: Readonly<Record<string, string>>;
}

/** A client of the service, as any peer is one. Failures are grpc-js ServiceErrors with a `code`. */
export interface Peer {
  report(node: string, containers: readonly WireContainer[], deadlineMs?: number): Promise<{ resp: string }>;
  /** Fills in what a well-formed request needs. */
  change(request: Readonly<Record<string, unknown>>, deadlineMs?: number): Promise<ChangeAnswer>;
  offload(
    request: Readonly<Record<string, unknown>>,
  ): Promise<{ accepted: boolean; message: string; transition_id: string }>;
  /** Any method, any message. */
  call(
    method: string,
    request: unknown,
    deadlineMs?: number,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
  close(): void;
}

let ids = 0;

/** `more` are options of the channel. */
export function connectPeer(
  address: string,
  credentials = grpc.credentials.createInsecure(),
  more: grpc.ChannelOptions = {},
): Peer {
  const client = new wire.statemanager.StateManagerConnection(address, credentials, {
    ...more,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
    'grpc.max_send_message_length': 256 * 1024 * 1024,
  });
  const call: Peer['call'] = (method, request, deadlineMs, headers = {}) =>
    new Promise((resolve, reject) => {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
      const unary = client[method] as (
        request: unknown,
        metadata: grpc.Metadata,
        options: grpc.CallOptions,
        done: (error: grpc.ServiceError | null, answer: unknown) => void,
      ) => void;
      unary.call(client, request, metadata, options, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  return {
    call,
    report: (node, containers, deadlineMs) =>
      call('SendChangedContainerList', { node_name: node, containers }, deadlineMs) as Promise<{ resp: string }>,
    change: (request, deadlineMs) =>
      call(
        'SendStateChange',
        {
          resource_type: 'RESOURCE_TYPE_SCENARIO',
          current_state: '',
          transition_id: `test-${(ids += 1)}`,
          timestamp_ns: String(Date.now() * 1_000_000),
          source: 'test',
          ...request,
        },
        deadlineMs,
      ) as Promise<ChangeAnswer>,
    offload: (request) =>
      call('TriggerOffloading', request) as Promise<{ accepted: boolean; message: string; transition_id: string }>,
    close: () => client.close(),
  };
}

/** A container in Podman's own words. */
export function container(
  model: string | undefined,
  name: string,
  status: string,
  facts: { readonly exitCode?: number; readonly oom?: boolean } = {},
): WireContainer {
  const { exitCode = 0, oom = false } = facts;
  return {
    id: name.padEnd(64, '0'),
    names: [name],
    image: 'example/image:1',
    state: {
      Status: status,
      Running: String(status === 'running'),
      Paused: String(status === 'paused'),
      Restarting: 'false',
      OOMKilled: String(oom),
      Dead: 'false',
      Pid: status === 'running' ? '4711' : '0',
      ExitCode: String(exitCode),
      Error: '',
    },
    config: { Hostname: 'node', Image: 'example/image:1' },
    annotation: model === undefined ? {} : { 'io.pullpiri.annotations.model': model },
    stats: { CpuTotalUsage: String(Math.floor(Math.random() * 1e9)) },
  };
}
