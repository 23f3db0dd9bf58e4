import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP proxy on loopback that breaks connections on demand, outside the process that uses them. */
export interface TcpProxy {
  /** `127.0.0.1:<port>`; the port stays the same for the proxy's life. */
  readonly endpoint: string;
  readonly port: number;
  /** How many bytes from clients are being held. */
  heldBytes(): number;
  /** Breaks every connection now. */
  cut(): void;
  /** From now on servers get everything, and clients get no answer. */
  swallowAnswers(): void;
  /** From now on what clients send is kept, and their connections stay. */
  holdRequests(): void;
  /**
   * Breaks the clients' side of the connections whose requests are held, which the servers do not notice, and passes
   * new connections through. What is held stays so until {@link release}.
   */
  cutClients(): void;
  /**
   * Delivers what was held, also for clients that are gone, and passes everything through again. Resolves when every
   * server that got something late has answered or hung up.
   */
  release(): Promise<void>;
  /** Delays every chunk of data, both ways; 0 stops that. Order is kept. */
  delay(delayMs: number): void;
  /** Breaks everything, and refuses new connections until {@link accept}. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

type Mode = 'pass' | 'swallow_answers' | 'hold_requests';

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly held: Buffer[];
  /** The client is cut off, and the server must not notice. */
  detached: boolean;
  readonly send: (chunk: Buffer) => void;
}

/** Starts a {@link TcpProxy} in front of a port on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  let mode: Mode = 'pass';
  let delayMs = 0;

  const accept = (client: Socket) => {
    const upstream = connect(targetPort, '127.0.0.1');
    const link: Link = { client, upstream, held: [], detached: false, send: orderedWriter(upstream, () => delayMs) };
    const answer = orderedWriter(client, () => delayMs);
    links.add(link);
    joinSockets(link, () => links.delete(link));
    client.on('data', (chunk) => {
      if (mode === 'hold_requests') link.held.push(chunk);
      else link.send(chunk);
    });
    upstream.on('data', (chunk) => {
      if (mode !== 'swallow_answers') answer(chunk);
    });
  };
  const cut = () => {
    for (const link of links) {
      link.held.length = 0;
      link.client.destroy();
      link.upstream.destroy();
    }
  };

  let server = await listen(0, accept);
  const { port } = server.address() as AddressInfo;
  const refuse = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    cut();
    await closed;
  };
  return {
    endpoint: `127.0.0.1:${port}`,
    port,
    heldBytes: () => [...links].flatMap((link) => link.held).reduce((sum, chunk) => sum + chunk.length, 0),
    cut,
    swallowAnswers: () => void (mode = 'swallow_answers'),
    holdRequests: () => void (mode = 'hold_requests'),
    cutClients: () => {
      mode = 'pass';
      for (const link of links) {
        if (link.held.length === 0) continue;
        link.detached = true;
        link.client.destroy();
      }
    },
    release: async () => {
      mode = 'pass';
      await Promise.all([...links].filter((link) => link.held.length > 0).map(deliver));
    },
    delay: (ms) => void (delayMs = ms),
    refuse,
    accept: async () => void (server = await listen(port, accept)),
    close: refuse,
  };
}

async function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  const server = createServer(accept).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function deliver(link: Link): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    link.upstream.once('data', () => resolve());
    link.upstream.once('close', () => resolve());
  });
  for (const chunk of link.held.splice(0)) link.send(chunk);
  await heard;
}

/** Writes chunks in order, each after the delay that held when it came. */
function orderedWriter(socket: Socket, delayMs: () => number): (chunk: Buffer) => void {
  let before = Promise.resolve();
  return (chunk) => {
    const due = delayMs() > 0 ? sleep(delayMs()) : undefined;
    before = before
      .then(() => due)
      .then(() => {
        if (socket.writable) socket.write(chunk);
      });
  };
}

/** Each side's end is the other's, unless the client was cut off behind the server's back. */
function joinSockets(link: Link, gone: () => void): void {
  const { client, upstream } = link;
  const ignoreError = () => undefined;
  client.on('error', ignoreError);
  upstream.on('error', ignoreError);
  client.on('close', () => {
    if (!link.detached) upstream.destroy();
  });
  upstream.on('close', () => {
    client.destroy();
    gone();
  });
}
