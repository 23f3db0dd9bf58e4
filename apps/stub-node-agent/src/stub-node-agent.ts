import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createFleet } from './fleet.ts';
import { parseFleet } from './fleet-file.ts';
import type { NodeSpec } from './fleet-file.ts';
import type { Log } from './log.ts';
import { runNodeAgent } from './node-agent.ts';
import type { Options } from './options.ts';
import { OrderDesk } from './order-desk.ts';
import { serveOrders } from './order-server.ts';

/** A running simulated fleet. */
export interface StubNodeAgent {
  /** Where it takes orders, as host:port. */
  readonly listening: string;
  /** Ends its nodes, its calls under way and its server. */
  close(): Promise<void>;
}

/** Reads the fleet file. Every problem of it is in the answer. */
export async function loadFleet(file: string): Promise<{ nodes: readonly NodeSpec[]; problems: string[] }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') return { nodes: [], problems: [`--fleet: cannot read '${file}': ${text.message}`] };
  const { nodes, problems } = parseFleet(text);
  return { nodes, problems: problems.map((problem) => `${file}: ${problem}`) };
}

/** Starts the fleet: its nodes report and orders are taken once this resolves. Rejects if the address is not free. */
export async function startStubNodeAgent(
  nodes: readonly NodeSpec[],
  options: Omit<Options, 'fleet'>,
  log: Log,
): Promise<StubNodeAgent> {
  const fleet = createFleet(nodes);
  const desk = new OrderDesk(fleet, log);
  const server = await serveOrders(options.listen, fleet, desk);
  const stop = new AbortController();
  const agents = Array.from(fleet.nodes.values(), (node) => runNodeAgent(node, options, log, stop.signal));
  const listening = options.listen.replace(/\d+$/, String((server.address() as AddressInfo).port));
  log('info', 'fleet is up', { listening, stateManager: options.stateManager, nodes: nodes.map(({ name }) => name) });
  const close = async () => {
    desk.close();
    stop.abort();
    server.close();
    server.closeAllConnections();
    await Promise.all(agents);
  };
  return { listening, close };
}
