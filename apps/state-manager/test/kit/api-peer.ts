import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { fromJSON, loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';

const PROTO_DIR = fileURLToPath(new URL('../../../../proto', import.meta.url));
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true } as const;

const definition: PackageDefinition = loadSync(
  ['state', 'definition', 'reconcile', 'maintenance'].map((name) => `statemanager/v1/${name}_service.proto`),
  { ...OPTIONS, includeDirs: [PROTO_DIR] },
);

const clients = (
  grpc.loadPackageDefinition(definition) as unknown as {
    statemanager: { v1: Readonly<Record<string, grpc.ServiceClientConstructor>> };
  }
).statemanager.v1;

/** What `grpc-status-details-bin` holds. */
const status = fromJSON(
  {
    nested: {
      Status: {
        fields: {
          code: { type: 'int32', id: 1 },
          message: { type: 'string', id: 2 },
          details: { rule: 'repeated', type: 'Any', id: 3 },
        },
      },
      Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    },
  },
  OPTIONS,
);

/** A message as grpc-js reads it: names as in the `.proto` files, 64-bit numbers as text, enums by name. */
export interface Message {
  readonly [field: string]: unknown;
}

/** A resource, as far as tests look into it without saying more. */
export interface WireResource extends Message {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly revision: string;
  readonly stale: boolean;
  readonly in_doubt: boolean;
}

export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
  readonly allowed_values: readonly string[];
}

/** How a call failed. */
export interface Failure {
  readonly code: string;
  readonly details: string;
  readonly problems: readonly FieldProblem[];
}

/** A client of `statemanager.v1`, made by grpc-js from the `.proto` files. */
export interface ApiPeer {
  /** Any unary method, such as `StateService/GetResource`. Throws grpc-js’s ServiceError. */
  call(method: string, request?: Message, deadlineMs?: number): Promise<Message>;
  /** The failure of a call that must fail. */
  failure(method: string, request?: Message): Promise<Failure>;
  get(kind: string, name: string): Promise<WireResource>;
  /** The resources of one page. */
  list(filter?: Message): Promise<readonly WireResource[]>;
  apply(...documents: readonly string[]): Promise<Message>;
  close(): void;
}

export function connectApi(address: string, credentials = grpc.credentials.createInsecure()): ApiPeer {
  const connected = Object.fromEntries(
    Object.entries(clients)
      .filter(([name]) => name.endsWith('Service'))
      .map(([name, Client]) => [name, new Client(address, credentials, CHANNEL)]),
  );
  const call: ApiPeer['call'] = (method, request = {}, deadlineMs = 20_000) => {
    const [service = '', name = ''] = method.split('/');
    const client = connected[service];
    const unary = client?.[name] as
      ((request: Message, options: grpc.CallOptions, done: grpc.requestCallback<Message>) => void) | undefined;
    if (client === undefined || unary === undefined) throw new Error(`no such method: ${method}`);
    return new Promise((resolve, reject) => {
      unary.call(client, request, { deadline: Date.now() + deadlineMs }, (error, answer = {}) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  };
  return {
    call,
    failure: async (method, request) => {
      const failed = await call(method, request).then(
        (answer) => Promise.reject(new Error(`${method} answers ${JSON.stringify(answer)}`)),
        (error: grpc.ServiceError) => error,
      );
      return { code: grpc.status[failed.code] ?? '', details: failed.details, problems: problemsOf(failed) };
    },
    get: async (kind, name) => (await call('StateService/GetResource', { kind, name })).resource as WireResource,
    list: async (filter = {}) =>
      (await call('StateService/ListResources', { filter, page_size: 1000 })).resources as readonly WireResource[],
    apply: (...documents) => call('DefinitionService/ApplyDefinitions', { yaml: documents.join('---\n') }),
    close: () => Object.values(connected).forEach((client) => client.close()),
  };
}

const CHANNEL = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 200,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
};

function problemsOf({ metadata }: grpc.ServiceError): readonly FieldProblem[] {
  const [packed] = metadata.get('grpc-status-details-bin');
  if (packed === undefined) return [];
  const { details } = deserialize<{ details: { type_url: string; value: Buffer }[] }>(status, 'Status', packed);
  return details
    .filter(({ type_url }) => type_url.endsWith('/statemanager.v1.FieldProblem'))
    .map(({ value }) => deserialize<FieldProblem>(definition, 'statemanager.v1.FieldProblem', value));
}

function deserialize<T>(from: PackageDefinition, type: string, bytes: string | Buffer): T {
  return (from[type] as MessageTypeDefinition<object, T & object>).deserialize(Buffer.from(bytes));
}
