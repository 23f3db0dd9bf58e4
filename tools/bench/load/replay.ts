import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';

/** Which reports are replayed, and how. */
export interface ReplayOptions {
  readonly port: number;
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
      const connection = new Connection({
        ...this.#options,
        take: () => this.#take(),
        onEnded: (answered) => (this.counts[answered ? 'answered' : 'failed'] += 1),
      });
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
