import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { actioncontroller } from '@statemanager/proto';
import { cutConnection } from './desk.ts';
import type { Address } from './options.ts';

/** The longest request message. */
const MAX_MESSAGE_BYTES = 1_048_576;
/** How long connections may take to end by themselves when the server closes. */
const CLOSE_WITHIN_MS = 2000;

/** A server that was started, and how it is ended. */
export interface GrpcServer {
  readonly server: Http2Server;
  /** Fails the calls under way with UNAVAILABLE and ends every connection, within two seconds. */
  close(): Promise<void>;
}

/** Serves ActionController over gRPC, gRPC-Web and Connect on HTTP/2 without TLS. Rejects if the address is taken. */
export async function serveGrpc(
  { host, port }: Address,
  service: ServiceImpl<typeof actioncontroller.ActionControllerConnection>,
): Promise<GrpcServer> {
  const stop = new AbortController();
  const handler = connectNodeAdapter({
    routes: (router) => void router.service(actioncontroller.ActionControllerConnection, service),
    shutdownSignal: stop.signal,
    readMaxBytes: MAX_MESSAGE_BYTES,
    contextValues: (request) =>
      createContextValues().set(cutConnection, () => 'stream' in request && request.stream.session?.destroy()),
  });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(handler).on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await once(server.listen(port, host), 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    stop.abort(new ConnectError('stub-action-controller stops', Code.Unavailable));
    // Closing lets the streams under way end; what the abort answers is still sent.
    for (const session of sessions) session.close();
    const late = setTimeout(() => sessions.forEach((session) => session.destroy()), CLOSE_WITHIN_MS);
    await closed;
    clearTimeout(late);
  };
  return { server, close };
}
