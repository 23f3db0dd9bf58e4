import { connect as connectHttp2 } from 'node:http2';
import { Agent, request as requestHttp1 } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { createClient, type Client, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { health } from '@statemanager/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import type { Address } from '../config/parsers.ts';
import { Port } from './port.ts';

const CHECK = '/grpc.health.v1.Health/Check';

describe('the port', () => {
  let port: Port;
  let address: Address;
  let baseUrl: string;
  /** Calls wait for this. */
  let gate: Promise<void>;
  let open: () => void;
  let callsCount: number;
  let fallbackCount: number;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    callsCount = 0;
    fallbackCount = 0;
    gate = Promise.resolve();
    open = () => undefined;
    port = new Port({
      maxMessageBytes: 4096,
      fallback: ({ url = '' }, response, draining) => {
        fallbackCount += 1;
        const answer = (): void => {
          response.writeHead(200, {});
          response.end(`${url}, draining: ${draining.aborted}`);
        };
        void gate.then(answer);
      },
      routes: (router) => {
        router.service(health.Health, {
          check: async () => {
            callsCount += 1;
            await gate;
            return { status: health.HealthCheckResponse_ServingStatus.SERVING };
          },
        });
      },
    });
    address = await port.listen({ host: '127.0.0.1', port: 0 });
    baseUrl = `http://127.0.0.1:${address.port}`;
  });

  afterEach(async () => {
    open();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await port.drain(100);
  });

  const shutGate = (): void => {
    gate = new Promise<void>((resolve) => (open = resolve));
  };
  const clientOf = (transport: Transport): Client<typeof health.Health> => createClient(health.Health, transport);
  const grpc = (): Client<typeof health.Health> => clientOf(createGrpcTransport({ baseUrl }));

  function dial(): Socket {
    const socket = connect(address.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.add(socket);
    return socket;
  }

  /** A Connect call over HTTP/1.1, on a connection that stays open afterwards. */
  function post(agent: Agent): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const call = requestHttp1(`${baseUrl}${CHECK}`, { agent, method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      call.on('error', reject);
      call.end('{}');
    });
  }

  /** How long a drain takes that may take ten seconds. */
  async function drain(): Promise<number> {
    const began = performance.now();
    await port.drain(10_000);
    return performance.now() - began;
  }

  it.each([
    ['gRPC', () => createGrpcTransport({ baseUrl })],
    ['gRPC-Web over HTTP/1.1', () => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['gRPC-Web over HTTP/2', () => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
    ['Connect over HTTP/1.1', () => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect over HTTP/2', () => createConnectTransport({ baseUrl, httpVersion: '2' })],
  ])('answers %s', async (_, transport) => {
    const { status } = await clientOf(transport()).check({});
    expect(status).toBe(health.HealthCheckResponse_ServingStatus.SERVING);
  });

  it('understands a first packet of a single byte, in both versions', async () => {
    for (const [first, rest, answered] of [
      [
        'P',
        `OST ${CHECK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
        'HTTP/1.1 200',
      ],
      ['P', 'RI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', '\0'],
    ] as const) {
      const socket = dial();
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
      await once(socket, 'connect');
      socket.setNoDelay(true);
      socket.write(first);
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.write(rest, 'latin1');
      await eventually(() => expect(received).not.toBe(''));
      expect(received.startsWith(answered)).toBe(true);
    }
  });

  it('refuses a message that is too large, and goes on', async () => {
    await expect(grpc().check({ service: 'x'.repeat(5000) })).rejects.toThrow(/resource_exhausted/);
    await grpc().check({});
  });

  it('survives rubbish', async () => {
    for (const rubbish of ['\0\xff\xfe\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish that is no frame at all']) {
      const socket = dial();
      socket.write(Buffer.from(rubbish, 'latin1'));
      socket.resume();
      await once(socket, 'close');
    }
    await grpc().check({});
  });

  it('fails to listen where somebody else does', async () => {
    const other = new Port({ maxMessageBytes: 4096, routes: () => undefined });
    await expect(other.listen(address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('answers what runs before it ends, over both versions, and takes nothing new', async () => {
    shutGate();
    const agent = new Agent({ keepAlive: true });
    const running = [
      grpc()
        .check({})
        .then(({ status }) => status),
      post(agent),
    ];
    await eventually(() => expect(callsCount).toBe(2));
    const draining = drain();
    const late = dial();
    await new Promise((resolve) => late.once('close', resolve));
    open();
    expect(await Promise.all(running)).toEqual([health.HealthCheckResponse_ServingStatus.SERVING, 200]);
    expect(await draining).toBeLessThan(4000);
    agent.destroy();
  });

  it('does not wait for connections on which nothing runs', async () => {
    const agent = new Agent({ keepAlive: true });
    await post(agent);
    const session = connectHttp2(baseUrl);
    await once(session, 'remoteSettings');
    const silent = dial();
    await once(silent, 'connect');
    expect(await drain()).toBeLessThan(1500);
    session.destroy();
    agent.destroy();
  });

  it('ends calls that do not end in time', async () => {
    shutGate();
    const running = grpc()
      .check({})
      .catch((error: Error) => error);
    await eventually(() => expect(callsCount).toBe(1));
    await port.drain(50);
    expect(await running).toBeInstanceOf(Error);
  });

  it('closes a connection that says nothing, after ten seconds', async () => {
    const silent = dial();
    silent.resume();
    const began = performance.now();
    await once(silent, 'close');
    expect(performance.now() - began).toBeGreaterThan(9000);
  });

  it('has whatever it does not route answered by the fallback, which knows whether it drains', async () => {
    expect(await (await fetch(`${baseUrl}/nothing?a=1`)).text()).toBe('/nothing?a=1, draining: false');
    expect((await fetch(`${baseUrl}${CHECK}`, { method: 'GET' })).status).toBe(405);
    shutGate();
    const late = fetch(`${baseUrl}/late`);
    await eventually(() => expect(fallbackCount).toBe(2));
    const drained = port.drain(5000);
    open();
    expect(await (await late).text()).toBe('/late, draining: true');
    await drained;
  });
});
