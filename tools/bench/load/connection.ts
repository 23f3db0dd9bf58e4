import { connect, type Socket } from 'node:net';
import { callHeaders, connectionStart, FLAG, FRAME, frame, FRAME_HEAD_BYTES, windowUpdate } from './h2-frames.ts';
import type { ReplayOptions } from './replay.ts';

const HOST = '127.0.0.1';
const REPORT_PATH = '/statemanager.StateManagerConnection/SendChangedContainerList';

/** The largest frame that a server takes unless it says otherwise. */
const MAX_FRAME_BYTES = 16_384;

/** How much the server may send before it is allowed more. */
const WINDOW_BYTES = 0x3fff_0000;

/** What a connection needs of its user. */
export interface ConnectionOptions extends Pick<ReplayOptions, 'port' | 'inFlightCount'> {
  /** Gives the next message; undefined if there is none for now. */
  readonly take: () => Buffer | undefined;
  /** Hears of each call that ended, and whether it was answered. */
  readonly onEnded: (answered: boolean) => void;
}

/** One connection of a client that reports, and decodes nothing but the heads of frames. */
export class Connection {
  isDraining = false;
  readonly #options: ConnectionOptions;
  readonly #headers: Buffer;
  readonly #withData = new Set<number>();
  #socket: Socket | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #stream = 1;
  #open = 0;
  #sendWindow = 65_535;
  #received = 0;
  #waiting: Buffer | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#headers = callHeaders(REPORT_PATH, `${HOST}:${options.port}`);
  }

  async open(): Promise<void> {
    const socket = connect({ host: HOST, port: this.#options.port, noDelay: true });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('error', (error) => {
      if (!this.#closed) throw error;
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.write(connectionStart());
  }

  get openCount(): number {
    return this.#open;
  }

  /** Opens calls until as many are open as may be, or the server takes no more bytes. */
  fill(): void {
    if (this.isDraining) return;
    const socket = this.#socket as Socket;
    const parts: Buffer[] = [];
    while (this.#open < this.#options.inFlightCount) {
      const message = this.#waiting ?? this.#options.take();
      if (message === undefined) break;
      if (message.length > this.#sendWindow) {
        this.#waiting = message;
        break;
      }
      this.#waiting = undefined;
      this.#sendWindow -= message.length;
      parts.push(frame(FRAME.headers, FLAG.endHeaders, this.#stream, this.#headers));
      for (let at = 0; at < message.length; at += MAX_FRAME_BYTES) {
        const isLast = at + MAX_FRAME_BYTES >= message.length;
        const part = message.subarray(at, at + MAX_FRAME_BYTES);
        parts.push(frame(FRAME.data, isLast ? FLAG.endStream : 0, this.#stream, part));
      }
      this.#stream += 2;
      this.#open += 1;
    }
    if (parts.length > 0) socket.write(Buffer.concat(parts));
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + data.readUIntBE(0, 3);
      if (data.length < end) break;
      this.#handle(data, end);
      data = data.subarray(end);
    }
    this.#rest = data;
    this.fill();
  }

  #handle(data: Buffer, end: number): void {
    const type = data[3] as number;
    const flags = data[4] as number;
    const stream = data.readUInt32BE(5);
    if (type === FRAME.data) {
      this.#withData.add(stream);
      this.#allowMore(end - FRAME_HEAD_BYTES);
    } else if (type === FRAME.windowUpdate && stream === 0) this.#sendWindow += data.readUInt32BE(FRAME_HEAD_BYTES);
    else if (type === FRAME.settings && (flags & FLAG.ack) === 0)
      this.#socket?.write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)));
    else if (type === FRAME.ping && (flags & FLAG.ack) === 0)
      this.#socket?.write(frame(FRAME.ping, FLAG.ack, 0, data.subarray(FRAME_HEAD_BYTES, end)));
    const ended = (type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0;
    if (!ended && type !== 3) return;
    if (stream === 0) return;
    this.#open -= 1;
    this.#options.onEnded(this.#withData.delete(stream));
  }

  #allowMore(bytes: number): void {
    this.#received += bytes;
    if (this.#received < WINDOW_BYTES) return;
    this.#socket?.write(windowUpdate(this.#received));
    this.#received = 0;
  }
}
