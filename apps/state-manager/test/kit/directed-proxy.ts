import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Which way data goes: from whoever connected, or to them. */
export type Direction = 'forth' | 'back';

/** A TCP proxy on loopback whose two directions can be disturbed by themselves. What goes one way keeps its order. */
export interface DirectedProxy {
  /** `127.0.0.1:<port>`, for the proxy's life. */
  readonly endpoint: string;
  /** Where new connections go. */
  target(port: number): void;
  /** Delays what goes this way. */
  delay(direction: Direction, ms: number): void;
  /** Holds what goes this way; nobody is told. */
  hold(direction: Direction): void;
  /** Breaks every connection, and loses what is held or under way. */
  cut(): void;
  /** Ends delays, and lets through what is held. */
  heal(): void;
  close(): Promise<void>;
}

/** How one direction is at present. */
interface Lane {
  delayMs: number;
  /** Resolves when nothing is held; undefined while nothing is. */
  released: Promise<void> | undefined;
  release: () => void;
}

/** Starts a {@link DirectedProxy}. Before it has a target it refuses whoever connects. */
export async function startDirectedProxy(targetPort?: number): Promise<DirectedProxy> {
  const lanes: Readonly<Record<Direction, Lane>> = { forth: openLane(), back: openLane() };
  const sockets = new Set<Socket>();
  let port = targetPort;
  const server = createServer((client) => {
    if (port === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    pass(client, upstream, lanes.forth);
    pass(upstream, client, lanes.back);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: (next) => (port = next),
    delay: (direction, ms) => (lanes[direction].delayMs = ms),
    hold: (direction) => {
      const lane = lanes[direction];
      lane.released ??= new Promise((resolve) => (lane.release = resolve));
    },
    cut,
    heal: () => {
      for (const lane of [lanes.forth, lanes.back]) {
        lane.delayMs = 0;
        lane.released = undefined;
        lane.release();
      }
    },
    close: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

function openLane(): Lane {
  return { delayMs: 0, released: undefined, release: () => undefined };
}

/** Writes what one side says to the other, in order, each part after the delay that held when it came; its end as well. */
function pass(from: Socket, to: Socket, lane: Lane): void {
  let before = Promise.resolve();
  const then = (step: () => void): void => {
    const due = lane.delayMs > 0 ? sleep(lane.delayMs) : undefined;
    before = before
      .then(() => due)
      .then(() => lane.released)
      .then(step);
  };
  from.on('data', (chunk) => then(() => void (to.writable && to.write(chunk))));
  from.on('close', () => then(() => to.destroySoon()));
}
