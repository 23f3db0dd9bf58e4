import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ConnectRouter, HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { actioncontroller } from '@statemanager/proto';

const service = actioncontroller.ActionControllerConnection;

/** A call that the controller received. */
export interface ReceivedCall {
  method: string;
  request: object;
  metadata: Headers;
  /** Aborted when the caller gives up or the connection is lost. */
  signal: AbortSignal;
}

/** What the controller does with a call; `Reconcile` and `TriggerAction` answer with what it returns. */
export type Script = (call: ReceivedCall) => Promise<{ status: number; desc: string }>;

/** An ActionController on a real socket that does what the test's script says. */
export interface Controller {
  readonly url: string;
  readonly port: number;
  readonly calls: ReceivedCall[];
  /** Connections that are open now. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** All connections that were ever made. */
  readonly connectionsCount: number;
  /** All keep-alive pings that were received. */
  readonly pingsCount: number;
  script: Script;
  /** Stops listening and cuts all connections. */
  stop(): Promise<void>;
}

/** Accepts everything. */
export const accept: Script = ({ method }) => Promise.resolve({ status: 0, desc: `did ${method}` });

/** Never answers, until the caller gives up. */
export const hang: Script = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Starts a controller; port 0 takes any free one. */
export async function startController(script: Script = accept, port = 0): Promise<Controller> {
  const calls: ReceivedCall[] = [];
  const sessions = new Set<ServerHttp2Session>();
  let connectionsCount = 0;
  let pingsCount = 0;
  const routes = (router: ConnectRouter) =>
    void router.service(
      service,
      handlers(calls, (call) => controller.script(call)),
    );
  const server = createServer(connectNodeAdapter({ routes }));
  server.on('session', (session) => {
    connectionsCount += 1;
    sessions.add(session);
    session.on('ping', () => (pingsCount += 1));
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const { port: taken } = server.address() as AddressInfo;
  const controller: Controller = {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    calls,
    sessions,
    get connectionsCount() {
      return connectionsCount;
    },
    get pingsCount() {
      return pingsCount;
    },
    script,
    stop: () => stop(server, sessions),
  };
  return controller;
}

function handlers(calls: ReceivedCall[], answer: Script): ServiceImpl<typeof service> {
  const receive = (request: object, context: HandlerContext) => {
    const { requestHeader: metadata, signal } = context;
    const call = { method: context.method.name, request, metadata, signal };
    calls.push(call);
    return answer(call);
  };
  return {
    reconcile: receive,
    triggerAction: receive,
    async offloadModel(request, context) {
      const { status, desc } = await receive(request, context);
      return { success: status === 0, message: desc, transitionId: 't-1' };
    },
    async completeNetworkSetting(request, context) {
      return { acknowledged: (await receive(request, context)).status === 0 };
    },
  };
}

async function stop(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const session of sessions) session.destroy();
  await closed;
}
