import type { AddressInfo } from 'node:net';
import type { CallLog } from './call.ts';
import { serveControl } from './control-server.ts';
import type { Definitions } from './definitions.ts';
import { createDesk } from './desk.ts';
import { serveGrpc } from './grpc-server.ts';
import type { Log } from './log.ts';
import { createNodeAgentClient } from './node-agent-client.ts';
import type { Address, Options } from './options.ts';
import type { ScriptEntry } from './script.ts';
import { createService } from './service.ts';

/** A running stand-in for ActionController. */
export interface StubActionController {
  /** Where it serves ActionController, as host:port. */
  readonly listening: string;
  /** Where its script and its calls are, as host:port. */
  readonly control: string;
  /** Ends both servers; calls under way fail with UNAVAILABLE. */
  close(): Promise<void>;
}

/** Starts both servers. Rejects, with nothing left open, if an address is taken. */
export async function startStubActionController(
  definitions: Definitions,
  options: Omit<Options, 'definitions'>,
  log: Log,
): Promise<StubActionController> {
  const script: ScriptEntry[] = [];
  const callLog: CallLog = { calls: [], lastId: 0 };
  const nodeAgent = createNodeAgentClient(options.nodeAgent);
  const service = createService({ ...options, definitions, nodeAgent }, createDesk(script, callLog, log));
  const grpc = await serveGrpc(options.listen, service);
  const control = await serveControl(options.control, script, callLog).catch(async (error: unknown) => {
    await grpc.close();
    throw error;
  });
  const addresses = {
    listening: nameOf(options.listen, grpc.server.address() as AddressInfo),
    control: nameOf(options.control, control.address() as AddressInfo),
  };
  log('info', 'ActionController is up', { ...addresses, nodeAgent: options.nodeAgent });
  const close = async () => {
    control.close();
    control.closeAllConnections();
    await grpc.close();
  };
  return { ...addresses, close };
}

function nameOf({ host }: Address, { port }: AddressInfo): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
