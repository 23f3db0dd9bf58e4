import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { callHeaders, connectionStart, FLAG, FRAME, frame, FRAME_HEAD_BYTES, windowUpdate } from './h2-frames.ts';

/** What is replayed, and how. */
export interface ReplayOptions {
  readonly host: string;
  readonly port: number;
  /** gRPC's path of the method. */
  readonly path: string;
  /** Messages as gRPC frames them; sent in turn, over and over. */
  readonly messages: readonly Buffer[];
  /** Calls that are open at once on each connection. */
  readonly inFlightCount: number;
  readonly connectionsCount: number;
  /** No more than so many a second, evenly; as many as are answered if it is not given. */
  readonly perSecond?: number;
  /** Sends each message once, and then nothing. */
  readonly once?: boolean;
}

/** What came back so far. */
export interface Replayed {
  /** Calls that were answered with a message. */
  answered: number;
  /** Calls that ended without one: errors. */
  failed: number;
}

/**
 * Sends calls as fast as they are answered. It decodes nothing but the heads of frames, so that one core can drive a
 * server that takes all of another.
 */
export class Replay {
  readonly counts: Replayed = { answered: 0, failed: 0 };
  readonly #options: ReplayOptions;
  readonly #connections: Connection[] = [];
  #next = 0;
  /** How many messages may be sent until the next tick. */
  #allowance = 0;
  #paced = 0;
  #beganPacing = performance.now();
  #pacing: NodeJS.Timeout | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { connectionsCount } = this.#options;
    for (let i = 0; i < connectionsCount; i += 1) {
      const connection = new Connection(this.#options, this.counts, () => this.#take());
      await connection.open();
      this.#connections.push(connection);
    }
    if (this.#options.perSecond === undefined) this.#allowance = Number.POSITIVE_INFINITY;
    else this.#pacing = setInterval(() => this.#pace(), PACE_MS);
    this.#fill();
  }

  /** Opens no more calls; resolves when all are answered, and closes the connections. */
  async drain(): Promise<void> {
    clearInterval(this.#pacing);
    for (const connection of this.#connections) connection.isDraining = true;
    while (this.#connections.some(({ openCount }) => openCount > 0)) await sleep(DRAIN_LOOK_MS);
    this.stop();
  }

  stop(): void {
    clearInterval(this.#pacing);
    for (const connection of this.#connections) connection.close();
  }

  #fill(): void {
    for (const connection of this.#connections) connection.fill();
  }

  /** Catches up with what should have been sent by now. */
  #pace(): void {
    if (this.#paced === 0) this.#beganPacing = performance.now() - PACE_MS;
    const due = ((performance.now() - this.#beganPacing) / 1000) * (this.#options.perSecond ?? 0);
    this.#allowance += due - this.#paced;
    this.#paced = due;
    this.#fill();
  }

  #take(): Buffer | undefined {
    const { messages, once } = this.#options;
    if (this.#allowance < 1) return undefined;
    this.#allowance -= 1;
    const message = messages[this.#next];
    this.#next = once ? this.#next + 1 : (this.#next + 1) % messages.length;
    return message;
  }
}

const DRAIN_LOOK_MS = 5;

const PACE_MS = 5;

/** The largest frame that a server takes unless it says otherwise. */
const MAX_FRAME_BYTES = 16_384;

/** How much the server may send before it is allowed more. */
const WINDOW_BYTES = 0x3fff_0000;

class Connection {
  isDraining = false;
  readonly #options: ReplayOptions;
  readonly #counts: Replayed;
  readonly #take: () => Buffer | undefined;
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

  constructor(options: ReplayOptions, counts: Replayed, take: () => Buffer | undefined) {
    this.#options = options;
    this.#counts = counts;
    this.#take = take;
    this.#headers = callHeaders(options.path, `${options.host}:${options.port}`);
  }

  async open(): Promise<void> {
    const { host, port } = this.#options;
    const socket = connect({ host, port, noDelay: true });
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
      const message = this.#waiting ?? this.#take();
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
    if (this.#withData.delete(stream)) this.#counts.answered += 1;
    else this.#counts.failed += 1;
  }

  #allowMore(bytes: number): void {
    this.#received += bytes;
    if (this.#received < WINDOW_BYTES) return;
    this.#socket?.write(windowUpdate(this.#received));
    this.#received = 0;
  }
}
