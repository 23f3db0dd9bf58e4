import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Access } from '../../src/access/access.ts';
import { fromBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { expect } from 'vitest';
import { hotReport, type HotReportOptions } from '../../src/grpc/hot-report.ts';
import { MisnamedContainers } from '../../src/grpc/misnamed-containers.ts';
import { Wakefulness } from '../../src/grpc/wakefulness.ts';
import { LastWays } from '../../src/replicas/last-ways.ts';
import { Port } from '../../src/grpc/port.ts';
import { receive } from '../../src/grpc/receiver.ts';
import type { Sender } from '../../src/grpc/sender.ts';
import type { Manager } from '../../src/manager.ts';
import { chanceOf, SEED } from '../faults/seed.ts';
import { CANDIDATE, createForwarder, createManager, recordLog } from '../kit/engine.ts';
import { makeCall, MAX_MESSAGE_BYTES, type WireCall } from './calls.ts';
import { MAX_CONTAINERS_COUNT } from './report-messages.ts';

/** Node ends a connection after a thousand frames that should not have come (ENHANCE_YOUR_CALM): a few in a hundred here. */
const CALLS_PER_CONNECTION = 2000;

/** What a caller learns, as far as it is the same for the same call. */
interface Answer {
  readonly status: string | string[] | number | undefined;
  readonly contentType: string | undefined;
  readonly grpcStatus: string | undefined;
  readonly grpcMessage: string | undefined;
  readonly details: string | undefined;
  readonly body: string;
  readonly reset: number;
}

/** One service: a port on a manager of its own. */
class Side {
  readonly #store: KeyValueStore = openMemoryStore();
  readonly #manager: Manager;
  readonly #port: Port;
  #url = '';
  #session: ClientHttp2Session | undefined;
  /** How many reports were answered without being submitted. */
  confirmedCount = 0;

  constructor(hot: boolean) {
    const { log } = recordLog();
    const maxContainersCount = MAX_CONTAINERS_COUNT;
    this.#manager = createManager(this.#store, log);
    const misnamed = new MisnamedContainers(log);
    const access = new Access(undefined, undefined);
    const [ways, awake] = [new LastWays(), new Wakefulness()];
    const options = { manager: this.#manager, misnamed, ways, awake, maxContainersCount, access };
    const { manager } = options;
    const counting: HotReportOptions['manager'] = {
      get leads() {
        return manager.leads;
      },
      submit: (...args) => this.#manager.submit(...args),
      confirm: (report) => {
        const said = this.#manager.confirm(report);
        if (said !== undefined) this.confirmedCount += 1;
        return said;
      },
    };
    const forwarder = createForwarder(manager);
    this.#port = new Port({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      hotMethods: hot ? [hotReport({ ...options, manager: counting })] : [],
      routes: (router) => receive(router, { ...options, forwarder, sender: undefined as unknown as Sender, log }),
    });
  }

  async start(): Promise<void> {
    this.#manager.start(CANDIDATE);
    const { port } = await this.#port.listen({ host: '127.0.0.1', port: 0 });
    this.#url = `http://127.0.0.1:${port}`;
    this.connect();
  }

  /** Begins anew on another connection. */
  connect(): void {
    this.#session?.destroy();
    this.#session = connect(this.#url);
  }

  ask({ headers, chunks, cancelled }: WireCall): Promise<Answer> {
    const stream = (this.#session as ClientHttp2Session).request(headers);
    const received: Buffer[] = [];
    let response: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (said: IncomingHttpHeaders) => (response = said));
    stream.on('trailers', (said: IncomingHttpHeaders) => (trailers = said));
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    stream.on('error', () => undefined);
    for (const chunk of chunks) stream.write(chunk);
    if (cancelled) stream.close(constants.NGHTTP2_CANCEL);
    else stream.end();
    return new Promise((resolve) => {
      stream.on('close', () =>
        resolve({
          status: response[':status'],
          contentType: response['content-type'],
          grpcStatus: trailers['grpc-status'] as string | undefined,
          grpcMessage: trailers['grpc-message'] as string | undefined,
          details: trailers['grpc-status-details-bin'] as string | undefined,
          body: readBody(Buffer.concat(received), response['content-type']),
          reset: stream.rstCode ?? 0,
        }),
      );
    });
  }

  /** Everything that is stored, without the times. */
  async stored(): Promise<readonly string[]> {
    const { entries } = await this.#store.getAllWithPrefix('/');
    const states = entries.filter(({ key }) => !key.startsWith('/statemanager/'));
    return states.map(({ key, value }) => `${key}=${value}`);
  }

  async stop(): Promise<void> {
    this.#session?.destroy();
    await this.#port.drain(1000);
    await this.#manager.stop(1000);
    await this.#store.close();
  }
}

/** A gRPC message's text; anything else as it came. */
function readBody(body: Buffer, type: string | undefined): string {
  if (body.length === 0 || type?.startsWith('application/grpc') !== true) return body.toString('latin1');
  const { resp } = fromBinary(monitoringserver.SendContainerListResponseSchema, body.subarray(5));
  return `${body[0]} ${body.readUInt32BE(1)} ${resp}`;
}

/** Sends the same calls to a service that has the hot path and to one that has not, and compares what both answer. */
export async function compareAnswers(callsCount: number): Promise<void> {
  console.log(`hot path: STATEMANAGER_SEED=${SEED}`);
  const chance = chanceOf('hot path');
  const hot = new Side(true);
  const plain = new Side(false);
  const counts = new Map<string, number>();
  try {
    await Promise.all([hot.start(), plain.start()]);
    for (let i = 0; i < callsCount; i += 1) {
      if (i % CALLS_PER_CONNECTION === 0) for (const side of [hot, plain]) side.connect();
      const call = makeCall(chance);
      const [hotAnswer, plainAnswer] = await Promise.all([hot.ask(call), plain.ask(call)]);
      expect(hotAnswer, `call ${i}: ${describeCall(call)}`).toEqual(plainAnswer);
      const what = `${call.kind}: ${plainAnswer.grpcStatus ?? String(plainAnswer.status)}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    expect(await hot.stored()).toEqual(await plain.stored());
  } finally {
    await Promise.all([hot.stop(), plain.stop()]);
  }
  console.log(Object.fromEntries([...counts].sort()));
  // Both ways were taken, and often.
  expect(hot.confirmedCount).toBeGreaterThan(callsCount / 50);
  expect(plain.confirmedCount).toBe(0);
  expect(counts.get('ordinary: 0')).toBeGreaterThan(callsCount / 10);
}

function describeCall({ kind, headers, chunks }: WireCall): string {
  return `${kind}, ${JSON.stringify(headers)}, ${chunks.map((chunk) => chunk.toString('hex')).join(' | ')}`;
}
