import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { viewFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import type { OrderDesk } from './order-desk.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The longest body of an order. */
export const MAX_BODY_BYTES = 65_536;

/** Serves orders as JSON over HTTP at host:port, and resolves when it listens. Rejects if the address is not free. */
export async function serveOrders(address: string, fleet: Fleet, desk: OrderDesk): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request, fleet, desk)
      // What fails here is the reading of a body whose caller has gone; nobody hears this answer.
      .catch((error: unknown): Refusal => ({ status: 400, error: String(error) }))
      .then((result) => {
        response.writeHead(statusOf(result), { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(isRefusal(result) ? { error: result.error } : result)}\n`);
      });
  });
  const { hostname, port } = new URL(`http://${address}`);
  server.listen({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
  await once(server, 'listening');
  return server;
}

async function answer(request: IncomingMessage, fleet: Fleet, desk: OrderDesk): Promise<object> {
  const path = request.url ?? '/';
  const hiccup = /^\/nodes\/([^/]+)\/hiccup$/.exec(path)?.[1];
  if (request.method === 'POST' && hiccup !== undefined) return desk.hiccup(hiccup);
  switch (`${request.method} ${path}`) {
    case 'GET /healthz':
      return { status: 'ok' };
    case 'GET /fleet':
      return viewFleet(fleet);
    case 'POST /orders': {
      const body = await readBody(request);
      return isRefusal(body) ? body : desk.take(body.value);
    }
    default: {
      const known = 'GET /healthz, GET /fleet, POST /orders, POST /nodes/<node>/hiccup';
      return { status: 404, error: `there is no ${request.method} ${path}, but ${known}` } satisfies Refusal;
    }
  }
}

/** Reads a JSON body. Its length must be said in advance, so that one too long is never held. */
async function readBody(request: IncomingMessage): Promise<{ readonly value: unknown } | Refusal> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined) return { status: 411, error: 'the body needs a Content-Length' };
  if (Number(length) > MAX_BODY_BYTES) return { status: 413, error: `the body is over ${MAX_BODY_BYTES} bytes` };
  try {
    return { value: JSON.parse(await text(request)) };
  } catch (error) {
    return { status: 400, error: `the body is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function statusOf(result: object): number {
  if (isRefusal(result)) return result.status;
  return 'afterMs' in result ? 202 : 200;
}
