import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { announce } from './announce.ts';

/*
 * The least that answers a report: Node's own HTTP/2, the generated decoder, one constant answer. It decides and stores
 * nothing.
 */
const message = toBinary(
  monitoringserver.SendContainerListResponseSchema,
  create(monitoringserver.SendContainerListResponseSchema, { resp: 'ok' }),
);
const answer = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);

const server = createServer();
server.on('sessionError', () => undefined);
server.on('stream', (stream) => {
  stream.on('error', () => undefined);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    fromBinary(monitoringserver.ContainerListSchema, body.subarray(5));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => announce(server.address() as AddressInfo));
