import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO_DIR = fileURLToPath(new URL('../../../../proto', import.meta.url));
const { statemanager } = grpc.loadPackageDefinition(
  loadSync('statemanager/v1/state_service.proto', {
    includeDirs: [PROTO_DIR],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
) as unknown as { statemanager: { v1: { StateService: grpc.ServiceClientConstructor } } };

/** A resource as a watch sends it, as far as these tests look at it. */
export interface WatchedResource {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly generation: string;
  readonly stale: boolean;
}

export interface WatchedEvent {
  readonly type: 'EVENT_TYPE_PUT' | 'EVENT_TYPE_REMOVED' | 'EVENT_TYPE_LEFT';
  readonly resource: WatchedResource;
  readonly transition: { readonly generation: string; readonly to: string } | null;
}

/** One message of a watch as grpc-js reads it. */
export interface WatchMessage {
  readonly revision: string;
  readonly message: 'snapshot' | 'changes' | 'bookmark' | 'resync';
  readonly snapshot?: { readonly resources: readonly WatchedResource[]; readonly complete: boolean };
  readonly changes?: { readonly events: readonly WatchedEvent[] };
  readonly resync?: { readonly reason: string };
}

export interface Filter {
  readonly kinds?: readonly string[];
  readonly states?: readonly string[];
  readonly name_prefix?: string;
  readonly package?: string;
  readonly stale?: boolean;
}

export interface OpenWatch {
  readonly messages: readonly WatchMessage[];
  /** Resolves with the status that the watch ended with. */
  readonly ended: Promise<grpc.StatusObject>;
  /** Resolves with the first message, past or future, that matches. Throws when time is up. */
  next(matches: (message: WatchMessage) => boolean, withinMs?: number): Promise<WatchMessage>;
  cancel(): void;
}

/** Watches and lists with a client that grpc-js makes from the `.proto` files. */
export interface WatchPeer {
  watch(filter: Filter, afterRevision: string, onMessage?: (message: WatchMessage) => void): OpenWatch;
  list(filter: Filter): Promise<readonly WatchedResource[]>;
  close(): void;
}

export function connectWatcher(address: string): WatchPeer {
  const client = new statemanager.v1.StateService(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    watch: (filter, after_revision, onMessage) =>
      open(
        (client['WatchResources'] as (request: unknown) => grpc.ClientReadableStream<WatchMessage>).call(client, {
          filter,
          after_revision,
        }),
        onMessage,
      ),
    list: async (filter) => {
      const all: WatchedResource[] = [];
      let page_token = '';
      do {
        const page = await new Promise<{ resources: readonly WatchedResource[]; next_page_token: string }>(
          (resolve, reject) => {
            const unary = client['ListResources'] as (
              request: unknown,
              done: (error: Error | null, page: { resources: WatchedResource[]; next_page_token: string }) => void,
            ) => void;
            unary.call(client, { filter, page_token }, (error, answer) => (error ? reject(error) : resolve(answer)));
          },
        );
        all.push(...page.resources);
        page_token = page.next_page_token;
      } while (page_token !== '');
      return all;
    },
    close: () => client.close(),
  };
}

function open(
  stream: grpc.ClientReadableStream<WatchMessage>,
  onMessage: (message: WatchMessage) => void = () => undefined,
): OpenWatch {
  const messages: WatchMessage[] = [];
  const waiting = new Set<() => void>();
  stream.on('data', (message: WatchMessage) => {
    messages.push(message);
    onMessage(message);
    for (const look of [...waiting]) look();
  });
  const ended = new Promise<grpc.StatusObject>((resolve) => {
    stream.on('error', (error: grpc.ServiceError) => resolve(error));
    stream.on('status', resolve);
  });
  return {
    messages,
    ended,
    next: (matches, withinMs = 10_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = messages.find(matches);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(`no such message within ${withinMs} ms; there were ${JSON.stringify(messages).slice(0, 500)}`),
          );
        }, withinMs);
        waiting.add(look);
        look();
      }),
    cancel: () => stream.cancel(),
  };
}
