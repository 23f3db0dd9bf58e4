import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { container } from '../kit/peer.ts';
import { openConnection, speak } from './raw-connection.ts';
import { useUntouchedWorld } from './untouched.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** The type of an HTTP/2 frame of settings, which is the first that a server sends. */
const SETTINGS_TYPE = 4;

describe('a connection that speaks nonsense', () => {
  const world = useUntouchedWorld();

  const open = (): Promise<Socket> => openConnection(world().service.address);
  const say = (...pieces: readonly (string | Uint8Array)[]): Promise<Buffer> =>
    speak(world().service.address, ...pieces);

  it.each([
    ['words', 'hello, is anybody there?\r\n\r\n'],
    ['a method that does not exist', 'FETCH / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost\r\n\r\n'],
    ['a version that does not exist', 'GET / HTTP/7.3\r\nhost: x\r\n\r\n'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00])],
    ['zero bytes', Buffer.alloc(4096)],
    ['a content length that is none', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n'],
    [
      'smuggled lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s: HTTP status 400, and the end', async (_, bytes) => {
    expect((await say(bytes)).toString('latin1')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('a header of 17 KiB: HTTP status 431, and the end', async () => {
    const answer = await say(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(17_408)}\r\n\r\n`);
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ['garbage', Buffer.from('garbage that is no frame at all, but long enough to be one')],
    ['a frame of 16 MiB', Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])],
    ['settings of five bytes', Buffer.from([0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5])],
    ['data on a stream that was never opened', Buffer.concat([SETTINGS, Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 1, 7])])],
    [
      'headers that cannot be unpacked',
      Buffer.concat([SETTINGS, Buffer.from([0, 0, 2, 1, 5, 0, 0, 0, 1, 0xff, 0xff])]),
    ],
  ])('an HTTP/2 preface and then %s: the connection ends', async (_, bytes) => {
    const answer = await say(PREFACE, bytes);
    expect(answer.toString('latin1')).not.toContain('HTTP/1.1');
  });

  it('a preface that comes in pieces is understood', async () => {
    const socket = await open();
    socket.setNoDelay(true);
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    for (const byte of PREFACE) await new Promise((resolve) => socket.write(byte, resolve));
    socket.write(SETTINGS);
    const [first] = await answered;
    expect(first[3]).toBe(SETTINGS_TYPE);
    socket.destroy();
  });

  it('a client that leaves in the middle of its message is forgotten', async () => {
    const path = '/statemanager.StateManagerConnection/SendStateChange';
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"resource`;
    const socket = await open();
    await new Promise((resolve) => socket.write(head, resolve));
    socket.destroy();
    await once(socket, 'close');
  });

  it('two hundred connections at once that say nothing are no hindrance', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, open));
    const { resp } = await world().peer.report('known-node', [container('known', 'c', 'running')], 5000);
    expect(resp).toContain('unchanged');
    sockets.forEach((socket) => socket.destroy());
  });
});
