import { Connection } from '@statemanager/grpc-call';
import type { Settings } from './options.ts';

/** One StateManager process that can be asked. */
export interface Replica {
  readonly connection: Connection;
  /** Until then it is asked only if every other one has broken too; by the monotonic clock, in milliseconds. */
  avoidedUntilMs: number;
}

/**
 * The replicas, and whose turn it is. Calls stay with one that works: what one shows never goes back in time, and what two
 * of them show may. The first is drawn, so that many clients do not all begin with the same one.
 */
export class Replicas {
  readonly #all: readonly Replica[];
  readonly #avoidMs: number;
  #turn: number;

  constructor(settings: Settings, draw: () => number = Math.random) {
    this.#all = settings.origins.map((origin) => ({
      connection: new Connection(origin, settings),
      avoidedUntilMs: 0,
    }));
    this.#avoidMs = settings.avoidMs;
    this.#turn = Math.floor(draw() * this.#all.length);
  }

  get count(): number {
    return this.#all.length;
  }

  /** The one to ask now: from the one whose turn it is, the first that is not avoided, else the one that is so no longer soonest. */
  get current(): Replica {
    const now = performance.now();
    const inOrder = [...this.#all.slice(this.#turn), ...this.#all.slice(0, this.#turn)];
    const soonest = inOrder.reduce((best, each) => (each.avoidedUntilMs < best.avoidedUntilMs ? each : best));
    const chosen = inOrder.find((each) => each.avoidedUntilMs <= now) ?? soonest;
    this.#turn = this.#all.indexOf(chosen);
    return chosen;
  }

  /** Notes that it answered. */
  works(replica: Replica): void {
    replica.avoidedUntilMs = 0;
  }

  /** Goes on to the next one, unless another call has done so; a broken one is avoided for a while. */
  leave(replica: Replica, isBroken: boolean): void {
    if (isBroken) replica.avoidedUntilMs = performance.now() + this.#avoidMs;
    if (this.#all[this.#turn] === replica) this.#turn = (this.#turn + 1) % this.#all.length;
  }

  /** Ends all connections; resolves when their sockets are gone. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ connection }) => connection.close()));
  }
}
