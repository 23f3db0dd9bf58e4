import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A stub-node-agent that shows a fleet as told, notes its orders, and takes or refuses them. */
export interface NodeAgentDouble {
  readonly url: string;
  readonly orders: unknown[];
  /** What runs where: lines such as `node-1/brake exited running`, a state for each container. */
  fleet: string[];
  /** Why orders are refused; undefined takes them. */
  refusal: string | undefined;
  close(): Promise<void>;
}

export async function startNodeAgentDouble(): Promise<NodeAgentDouble> {
  const server = createServer((request, response) => {
    if (request.url === '/fleet') return void response.end(JSON.stringify(fleetOf(double.fleet)));
    void json(request).then((order) => {
      double.orders.push(order);
      const { refusal } = double;
      response.statusCode = refusal === undefined ? 202 : 404;
      response.end(JSON.stringify(refusal === undefined ? { afterMs: 0 } : { error: refusal }));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const double: NodeAgentDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    orders: [],
    fleet: [],
    refusal: undefined,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return double;
}

function fleetOf(lines: readonly string[]) {
  return {
    nodes: lines.map((line) => {
      const [place = '', ...states] = line.split(' ');
      const [name, model] = place.split('/');
      return { name, models: [{ name: model, containers: states.map((state) => ({ state })) }] };
    }),
  };
}
