import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { otlpOf } from './otlp-message.ts';

/**
 * A collector of traces, in a process of its own: OTLP over HTTP, as JSON or protobuf. It writes what it is sent to a file,
 * one request a line, which is how OpenTelemetry's own Collector writes an OTLP file. Its first line says where it listens.
 */
const [file = 'traces.jsonl'] = process.argv.slice(2);

const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const type = request.headers['content-type'] ?? '';
    if (request.method !== 'POST' || request.url !== '/v1/traces') response.writeHead(404).end();
    else {
      const text = type.includes('json') ? JSON.stringify(JSON.parse(body.toString())) : JSON.stringify(otlpOf(body));
      appendFileSync(file, `${text}\n`);
      const isJson = type.includes('json');
      response.writeHead(200, { 'content-type': type }).end(isJson ? '{}' : '');
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
