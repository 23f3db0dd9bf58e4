import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A TCP proxy that can go deaf: it keeps its connections and swallows every byte. */
export interface Proxy {
  readonly url: string;
  /** From now on nothing passes, in either direction, on connections old and new. */
  swallow(): void;
  /** From now on everything passes on new connections; what was swallowed stays lost. */
  pass(): void;
  stop(): Promise<void>;
}

/** Starts a proxy in front of a local port, or of nothing: then it accepts connections and never speaks. */
export async function startProxy(targetPort?: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let swallowing = targetPort === undefined;
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    hold(near);
    if (targetPort === undefined || swallowing) return void near.resume();
    const far = hold(connect(targetPort, '127.0.0.1'));
    near.on('data', (bytes) => void (swallowing || far.write(bytes))).once('close', () => far.destroy());
    far.on('data', (bytes) => void (swallowing || near.write(bytes))).once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow: () => void (swallowing = true),
    pass: () => void (swallowing = false),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
