import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { statemanager } from '@statemanager/proto';
import type { monitoringserver } from '@statemanager/proto';

/** A StateManager that notes every report and answers as told. */
export interface StateManagerDouble {
  readonly url: string;
  /** Every report that came, refused ones included, oldest first. */
  readonly reports: monitoringserver.ContainerList[];
  /** What happens before a report is answered: nothing, a failure, or a wait. */
  before: () => Promise<void>;
  close(): Promise<void>;
}

export async function startStateManagerDouble(): Promise<StateManagerDouble> {
  const reports: monitoringserver.ContainerList[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const handler = connectNodeAdapter({
    routes: (router) =>
      void router.service(statemanager.StateManagerConnection, {
        sendChangedContainerList: async (list, context) => {
          if (context.timeoutMs() !== undefined) throw new ConnectError('a deadline', Code.InvalidArgument);
          reports.push(list);
          await double.before();
          return { resp: `report ${reports.length}` };
        },
      }),
  });
  const server = createServer(handler).on('session', (session) => sessions.add(session));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const double: StateManagerDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reports,
    before: () => Promise.resolve(),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
  return double;
}
