import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { CallLog } from './call.ts';
import type { Address } from './options.ts';
import { decodeScriptEntry, MAX_SCRIPT_ENTRIES_COUNT } from './script.ts';
import type { ScriptEntry } from './script.ts';

const MAX_SCRIPT_ENTRY_BYTES = 65_536;

/** What a control request is answered. */
type Answer = readonly [status: number, body: object];

/** Serves the script and the list of calls as JSON over HTTP. Rejects if the address is taken. */
export async function serveControl({ host, port }: Address, script: ScriptEntry[], callLog: CallLog): Promise<Server> {
  const routes: Readonly<Record<string, (request: IncomingMessage) => Answer | Promise<Answer>>> = {
    'GET /healthz': () => [200, { status: 'ok' }],
    'GET /calls': () => [200, { calls: callLog.calls }],
    'GET /script': () => [200, { script }],
    'POST /script': (request) => extend(script, request),
    'DELETE /script': () => {
      script.length = 0;
      return [200, { script }];
    },
    'POST /reset': () => {
      script.length = 0;
      callLog.calls.length = 0;
      return [200, { script, calls: callLog.calls }];
    },
  };
  const unknown = (): Answer => [404, { error: `there is only ${Object.keys(routes).join(', ')}` }];
  const server = createServer((request, response) => {
    const route = routes[`${request.method} ${request.url}`] ?? unknown;
    const answering = Promise.resolve(request).then(route).catch(badRequest);
    void answering.then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`),
    );
  });
  await once(server.listen(port, host), 'listening');
  return server;
}

async function extend(script: ScriptEntry[], request: IncomingMessage): Promise<Answer> {
  // Only a length said in advance is a bound: a body that comes in pieces is not read.
  const lengthBytes = Number(request.headers['content-length'] ?? Infinity);
  if (lengthBytes > MAX_SCRIPT_ENTRY_BYTES) {
    return [413, { error: `the body needs a Content-Length of at most ${MAX_SCRIPT_ENTRY_BYTES} bytes` }];
  }
  const entry = decodeScriptEntry(await json(request));
  if ('error' in entry) return [400, entry];
  if (script.length >= MAX_SCRIPT_ENTRIES_COUNT) {
    return [429, { error: `the script already has ${MAX_SCRIPT_ENTRIES_COUNT} entries` }];
  }
  script.push(entry);
  return [200, { script }];
}

function badRequest(reason: unknown): Answer {
  return [400, { error: `the body is not JSON: ${reason instanceof Error ? reason.message : String(reason)}` }];
}
