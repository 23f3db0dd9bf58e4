import { connect, type Socket } from 'node:net';

/** Opens a connection that says nothing yet. */
export async function openConnection(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return socket;
}

/** Sends pieces one after the other, and returns what came back until the other side closed the connection. */
export async function speak(address: string, ...pieces: readonly (string | Uint8Array)[]): Promise<Buffer> {
  const socket = await openConnection(address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  await closed;
  return Buffer.concat(chunks);
}
