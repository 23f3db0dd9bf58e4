import { createServer } from 'node:http2';
import type { ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { statemanager, v1 } from '@statemanager/proto';

/** A call that a server received. */
export interface ReceivedCall {
  method: string;
  request: object;
  metadata: Headers;
  /** Aborted when the caller gives up or the connection is lost. */
  signal: AbortSignal;
}

/** What a server does before it answers a unary call. */
export type Script = (call: ReceivedCall) => Promise<void>;

/** What a server says to a watch. */
export type WatchScript = (
  request: v1.WatchResourcesRequest,
  signal: AbortSignal,
) => AsyncIterable<MessageInitShape<typeof v1.WatchResourcesResponseSchema>>;

/** A StateManager on a real socket that does what the test's script says. */
export interface Server {
  readonly address: string;
  readonly port: number;
  readonly calls: ReceivedCall[];
  /** All connections that were ever made. */
  readonly connectionsCount: number;
  script: Script;
  watchScript: WatchScript;
  /** Cuts all connections. */
  cut(): void;
  stop(): Promise<void>;
}

/** Answers everything. */
export const accept: Script = () => Promise.resolve();

/** Never answers, until the caller gives up. */
export const hang: Script = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Refuses with a gRPC error and its metadata. */
export const refuse =
  (code: Code, metadata: Record<string, string> = {}): Script =>
  () =>
    Promise.reject(new ConnectError('scripted', code, metadata));

/** Starts a server; port 0 takes any free one. */
export async function startServer(script: Script = accept, port = 0): Promise<Server> {
  const sessions = new Set<ServerHttp2Session>();
  let connectionsCount = 0;
  const receive = async (request: object, { method, requestHeader: metadata, signal }: HandlerContext) => {
    const call = { method: method.name, request, metadata, signal };
    server.calls.push(call);
    await server.script(call);
  };
  const routes = (router: ConnectRouter) => {
    router.service(statemanager.StateManagerConnection, {
      async sendStateChange(request, context) {
        await receive(request, context);
        return { message: `${request.resourceName} is ${request.targetState}`, transitionId: request.transitionId };
      },
      async sendChangedContainerList(request, context) {
        await receive(request, context);
        return { resp: request.containers.map(({ id }) => id).join() };
      },
      async triggerOffloading(request, context) {
        await receive(request, context);
        return { accepted: true, message: 'moving', transitionId: 'o-1' };
      },
    });
    router.service(v1.StateService, {
      async getResource(request, context) {
        await receive(request, context);
        return { resource: { kind: request.kind, name: request.name, state: 'Running' }, revision: 7n };
      },
      watchResources: (request, { signal }) => server.watchScript(request, signal),
    });
    router.service(v1.MaintenanceService, {
      async forgetNode(request, context) {
        await receive(request, context);
        return {};
      },
    });
  };
  const http = createServer(connectNodeAdapter({ routes }));
  http.on('session', (session) => {
    connectionsCount += 1;
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve, reject) => http.once('error', reject).listen(port, '127.0.0.1', resolve));
  const { port: taken } = http.address() as AddressInfo;
  const cut = () => sessions.forEach((session) => session.destroy());
  const server: Server = {
    address: `127.0.0.1:${taken}`,
    port: taken,
    calls: [],
    get connectionsCount() {
      return connectionsCount;
    },
    script,
    watchScript: () => {
      throw new ConnectError('no watch is scripted', Code.Unimplemented);
    },
    cut,
    async stop() {
      const closed = new Promise((resolve) => http.close(resolve));
      cut();
      await closed;
    },
  };
  return server;
}
