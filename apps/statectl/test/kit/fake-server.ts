import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { statemanager, v1 } from '@statemanager/proto';

/** Answers as a test wants them. */
export interface Script {
  readonly state?: Partial<ServiceImpl<typeof v1.StateService>>;
  readonly definitions?: Partial<ServiceImpl<typeof v1.DefinitionService>>;
  readonly maintenance?: Partial<ServiceImpl<typeof v1.MaintenanceService>>;
  readonly reconciles?: Partial<ServiceImpl<typeof v1.ReconcileService>>;
  readonly wire?: Partial<ServiceImpl<typeof statemanager.StateManagerConnection>>;
}

export interface FakeServer {
  readonly address: string;
  /** Breaks every connection, as a killed process does. */
  breakConnections(): void;
  close(): Promise<void>;
}

/** A server on a socket whose answers are scripted. What the script leaves out is UNIMPLEMENTED. */
export async function startFakeServer(script: Script): Promise<FakeServer> {
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(v1.StateService, script.state ?? {});
        router.service(v1.DefinitionService, script.definitions ?? {});
        router.service(v1.MaintenanceService, script.maintenance ?? {});
        router.service(v1.ReconcileService, script.reconciles ?? {});
        router.service(statemanager.StateManagerConnection, script.wire ?? {});
      },
    }),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const breakConnections = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    address: `127.0.0.1:${port}`,
    breakConnections,
    close: async () => {
      breakConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A package as the API shows it. */
export function packageOf(name: string, state: string, more: { stale?: boolean; inDoubt?: boolean } = {}): v1.Resource {
  return {
    $typeName: 'statemanager.v1.Resource',
    kind: 'package',
    name,
    state,
    rule: `package.${state.toLowerCase()}`,
    cause: 'a test says so',
    source: 'test',
    revision: 1n,
    generation: 1n,
    stale: more.stale ?? false,
    inDoubt: more.inDoubt ?? false,
    detail: {
      case: 'package',
      value: {
        $typeName: 'statemanager.v1.PackageDetail',
        models: [],
        counts: { [state]: 1 },
        definitionRevision: 1n,
        reconcilePaused: false,
        scenarios: [],
      },
    },
  };
}
