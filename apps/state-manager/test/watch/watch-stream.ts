import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { statemanager } = grpc.loadPackageDefinition(
  loadSync('statemanager/v1/state_service.proto', {
    includeDirs: [fileURLToPath(new URL('../../../../proto', import.meta.url))],
    keepCase: true,
    longs: Number,
    enums: String,
    oneofs: true,
    arrays: true,
  }),
) as unknown as { statemanager: { v1: { StateService: grpc.ServiceClientConstructor } } };

/** A filter as the `.proto` file spells it. */
export interface WireFilter {
  readonly kinds?: readonly string[];
  readonly states?: readonly string[];
  readonly name_prefix?: string;
  readonly package?: string;
  readonly stale?: boolean;
}

/** As far as these tests look at it. What has its default value is not there. */
export interface StreamedResource {
  readonly kind: string;
  readonly name: string;
  readonly state?: string;
  readonly stale?: boolean;
  readonly generation?: number;
  readonly model?: { readonly packages: readonly string[] };
  readonly scenario?: { readonly target?: string };
}

export interface StreamedEvent {
  readonly type: 'EVENT_TYPE_PUT' | 'EVENT_TYPE_REMOVED' | 'EVENT_TYPE_LEFT';
  readonly resource: StreamedResource;
  readonly transition?: { readonly generation: number };
}

export interface StreamedMessage {
  readonly revision: number;
  readonly message: 'snapshot' | 'changes' | 'bookmark' | 'resync';
  readonly snapshot?: { readonly resources: readonly StreamedResource[]; readonly complete?: boolean };
  readonly changes?: { readonly events: readonly StreamedEvent[] };
  readonly resync?: { readonly reason: string };
}

/** A connection of its own, over which one watch after the other runs. Nothing that was read is kept. */
export interface WatchConnection {
  /** `onEnd` hears how a watch ended that was not stopped. The result stops it. */
  watch(
    filter: WireFilter,
    afterRevision: number,
    onMessage: (message: StreamedMessage) => void,
    onEnd: (status: grpc.StatusObject) => void,
  ): () => void;
  close(): void;
}

/** Connects as any client would that grpc-js made from the `.proto` files. */
export function connectWatch(address: string): WatchConnection {
  const client = new statemanager.v1.StateService(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    watch: (filter, after_revision, onMessage, onEnd) => {
      const open = client['WatchResources'] as (request: unknown) => grpc.ClientReadableStream<StreamedMessage>;
      const stream = open.call(client, { filter, after_revision });
      let stopped = false;
      stream.on('data', (message: StreamedMessage) => {
        if (!stopped) onMessage(message);
      });
      stream.on('error', () => undefined);
      stream.on('status', (status) => {
        if (!stopped) onEnd(status);
      });
      return () => {
        stopped = true;
        stream.cancel();
      };
    },
    close: () => client.close(),
  };
}

/** A resource in a form that can be compared. */
export function summaryOf({ kind, name, state = '', generation = 0, stale = false }: StreamedResource): string {
  return `${kind}/${name} ${state}@${generation}${stale ? ' stale' : ''}`;
}
