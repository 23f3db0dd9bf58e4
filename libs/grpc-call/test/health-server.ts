import { createSecureServer, createServer } from 'node:http2';
import type { Http2Server, SecureServerOptions, ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { health } from '@statemanager/proto';
import { onTestFinished } from 'vitest';
import { Connection } from '../src/index.ts';
import type { CallTerms, LinkOptions } from '../src/index.ts';

const { SERVING } = health.HealthCheckResponse_ServingStatus;

/** What a server does with a call before it says that it serves. */
export type Script = (signal: AbortSignal) => Promise<void>;

/** A server of `grpc.health.v1` on a real socket. */
export interface HealthServer {
  readonly port: number;
  readonly url: string;
  readonly callsCount: number;
  script: Script;
  /** Cuts every connection. */
  cut(): void;
}

/** Starts a server that the test's end stops; its watch says that it serves, and then does as the script says. */
export async function startHealthServer(tls?: SecureServerOptions): Promise<HealthServer> {
  const sessions = new Set<ServerHttp2Session>();
  let callsCount = 0;
  const receive = async (signal: AbortSignal) => {
    callsCount += 1;
    await healthServer.script(signal);
    return { status: SERVING };
  };
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(health.Health, {
        check: (_, { signal }) => receive(signal),
        async *watch(_, { signal }) {
          yield { status: SERVING };
          yield await receive(signal);
        },
      }),
  });
  const server: Http2Server = tls === undefined ? createServer(handler) : createSecureServer(tls, handler);
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => sessions.forEach((session) => session.destroy());
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const healthServer: HealthServer = {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    get callsCount() {
      return callsCount;
    },
    script: () => Promise.resolve(),
    cut,
  };
  return healthServer;
}

/** Never answers, until the caller gives up. */
export const hang: Script = (signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** A connection that the test's end closes. */
export function connection(url: string, options: Partial<LinkOptions> = {}): Connection {
  const times = { connectTimeoutMs: 2_000, keepAliveIntervalMs: 5_000, keepAliveTimeoutMs: 5_000 };
  const made = new Connection(url, { ...times, ...options });
  onTestFinished(() => made.close());
  return made;
}

/** The terms of a patient call. */
export function terms(own: Partial<CallTerms> = {}): CallTerms {
  const { signal } = new AbortController();
  return { signal, deadlineMs: 10_000, headers: new Headers(), maxAnswerBytes: 4_096, ...own };
}
