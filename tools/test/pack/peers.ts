import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { actioncontroller } from '@statemanager/proto';

/** An ActionController that takes every order. */
export async function startController(): Promise<{ readonly address: string; stop(): void }> {
  const server = createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(actioncontroller.ActionControllerConnection, {
          reconcile: ({ scenarioName }) => ({ status: 0, desc: `repair of ${scenarioName} ordered` }),
        }),
    }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => void server.close(),
  };
}
