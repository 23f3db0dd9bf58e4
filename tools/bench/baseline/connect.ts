import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { statemanager } from '@statemanager/proto';
import { announce } from './announce.ts';

/** Connect's own handler, answering a report with one constant. */
const server = createServer(
  connectNodeAdapter({
    routes: (router) =>
      router.service(statemanager.StateManagerConnection, { sendChangedContainerList: () => ({ resp: 'ok' }) }),
  }),
);
server.on('sessionError', () => undefined);
server.listen(0, '127.0.0.1', () => announce(server.address() as AddressInfo));
