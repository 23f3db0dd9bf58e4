import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { fromBinary, toBinary, create, type MessageInitShape } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { framedWatch } from '../../src/api/framed-watch.ts';
import { Watches } from '../../src/api/watches.ts';
import { Port } from '../../src/grpc/port.ts';
import { IDLE_STATUS } from '../kit/reading.ts';
import { change, defined, recordLog, report, reported } from '../kit/engine.ts';
import { watchModel, type WatchedModel } from '../watch/watched-model.ts';

const PATH = '/statemanager.v1.StateService/WatchResources';

/** What a caller learns of one watch, until it has seen so many messages or the watch ends. */
interface Learned {
  readonly status: unknown;
  readonly contentType: unknown;
  readonly trailers: readonly unknown[];
  readonly messages: readonly unknown[];
}

interface WatchCall {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The caller gives up when it has seen so many messages. */
  readonly messagesCount: number;
}

let watched: WatchedModel;
const ports: Port[] = [];
const sessions: ClientHttp2Session[] = [];

/** One port that has the framed stream, and one that has not, on the same view. */
beforeAll(async () => {
  watched = await watchModel();
  await watched.manager.submit(defined('p', ['m', 'k']));
  await watched.manager.submit(report('n', reported('m', 'running'), reported('k', 'exited', 1)));
  await watched.manager.submit(change('s'));
  for (const framed of [true, false]) {
    let watches: Watches | undefined;
    const port = new Port({
      maxMessageBytes: 131_072,
      framedStreams: () => (framed && watches !== undefined ? [framedWatch(watches)] : []),
      routes: (router, draining) => {
        const running = new Watches({
          model: watched.model,
          reconcileStatus: IDLE_STATUS,
          bookmarkMs: 60_000,
          stallMs: 60_000,
          maxCount: 10,
          draining,
          log: recordLog().log,
        });
        watches = running;
        router.service(v1.StateService, { watchResources: (request, context) => running.run(request, context) });
      },
    });
    const address = await port.listen({ host: '127.0.0.1', port: 0 });
    ports.push(port);
    sessions.push(connect(`http://127.0.0.1:${address.port}`));
  }
});

afterAll(async () => {
  for (const session of sessions) session.destroy();
  for (const port of ports) await port.drain(100);
  await watched.stop();
});

function ask(session: ClientHttp2Session, { headers, body, messagesCount }: WatchCall): Promise<Learned> {
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let response: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let received: Buffer = Buffer.alloc(0);
  const messages: unknown[] = [];
  stream.on('response', (said: IncomingHttpHeaders) => (response = said));
  stream.on('trailers', (said: IncomingHttpHeaders) => (trailers = said));
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 5 && received.length >= 5 + received.readUInt32BE(1)) {
      const end = 5 + received.readUInt32BE(1);
      messages.push(fromBinary(v1.WatchResourcesResponseSchema, received.subarray(5, end)));
      received = received.subarray(end);
    }
    if (messagesCount > 0 && messages.length >= messagesCount) stream.close(constants.NGHTTP2_CANCEL);
  });
  // Whoever was answered need not send the rest.
  stream.on('end', () => stream.close());
  stream.end(body);
  return new Promise((resolve) => {
    stream.on('close', () =>
      resolve({
        status: response[':status'],
        contentType: response['content-type'],
        trailers: ['grpc-status', 'grpc-message', 'grpc-status-details-bin'].map((name) =>
          // How much of a message is percent-encoded is free; what it says is not.
          decodeURIComponent(String(trailers[name])),
        ),
        messages,
      }),
    );
  });
}

function frame(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const request = (parts: MessageInitShape<typeof v1.WatchResourcesRequestSchema>): Uint8Array =>
  toBinary(v1.WatchResourcesRequestSchema, create(v1.WatchResourcesRequestSchema, parts));
const EVERYTHING = request({});

it.each<[string, WatchCall]>([
  ['everything', { body: frame(EVERYTHING), messagesCount: 1 }],
  ['some of it', { body: frame(request({ filter: { kinds: ['model'], states: ['Dead'] } })), messagesCount: 1 }],
  ['from a revision that is not there', { body: frame(request({ afterRevision: 999_999n })), messagesCount: 2 }],
  [
    'with the longer type',
    { headers: { 'content-type': 'application/grpc+proto' }, body: frame(EVERYTHING), messagesCount: 1 },
  ],
  ['an unknown kind', { body: frame(request({ filter: { kinds: ['nope'] } })), messagesCount: 0 }],
  ['a negative revision', { body: frame(request({ afterRevision: -1n })), messagesCount: 0 }],
  ['no bytes', { body: Buffer.alloc(0), messagesCount: 0 }],
  ['part of a head', { body: frame(EVERYTHING).subarray(0, 3), messagesCount: 0 }],
  ['less than announced', { body: frame(EVERYTHING, 0, 7), messagesCount: 0 }],
  ['more than announced', { body: Buffer.concat([frame(EVERYTHING), Buffer.from('x')]), messagesCount: 0 }],
  ['two messages', { body: Buffer.concat([frame(EVERYTHING), frame(EVERYTHING)]), messagesCount: 0 }],
  ['bytes that are no message', { body: frame(Buffer.from([0x0a, 0x7f])), messagesCount: 0 }],
  ['a reserved flag', { body: frame(EVERYTHING, 4), messagesCount: 1 }],
  ['compressed', { headers: { 'grpc-encoding': 'gzip' }, body: frame(gzipSync(EVERYTHING), 1), messagesCount: 1 }],
  [
    'compressed by nobody knows what',
    { headers: { 'grpc-encoding': 'zstd' }, body: frame(EVERYTHING), messagesCount: 0 },
  ],
  ['a deadline', { headers: { 'grpc-timeout': '200m' }, body: frame(EVERYTHING), messagesCount: 0 }],
  ['a long prefix', { body: frame(request({ filter: { namePrefix: 'x'.repeat(70_000) } })), messagesCount: 0 }],
])('a watch of %s is answered as by Connect’s handler', async (_, call) => {
  const [framed, plain] = (await Promise.all(sessions.map((session) => ask(session, call)))) as [Learned, Learned];
  expect(framed).toEqual(plain);
  expect(plain.status).toBe(200);
});
