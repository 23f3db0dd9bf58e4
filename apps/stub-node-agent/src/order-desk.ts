import { plan } from './carry-out.ts';
import type { Change } from './carry-out.ts';
import type { Fleet } from './fleet.ts';
import type { Log } from './log.ts';
import { decodeOrder } from './order.ts';
import type { Order } from './order.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** How many orders may wait for their effect at the same time. */
export const MAX_WAITING_ORDERS_COUNT = 1000;

/** What an order led to: the changes, or, for one that takes its time, when they will come. */
export type Taken = { readonly changed: readonly Change[] } | { readonly afterMs: number };

/** Takes orders for a fleet; closing it drops those that wait for their effect. */
export class OrderDesk {
  readonly #fleet: Fleet;
  readonly #log: Log;
  readonly #waiting = new Set<NodeJS.Timeout>();

  constructor(fleet: Fleet, log: Log) {
    this.#fleet = fleet;
    this.#log = log;
  }

  /** Carries an order out, now or when its time has come; one that makes no sense now is refused now. */
  take(value: unknown): Taken | Refusal {
    const order = decodeOrder(value);
    if (isRefusal(order)) return order;
    const planned = plan(this.#fleet, order);
    if (isRefusal(planned)) return planned;
    if (order.afterMs === 0) return { changed: this.#carriedOut(order, planned()) };
    if (this.#waiting.size >= MAX_WAITING_ORDERS_COUNT) {
      return { status: 429, error: `${MAX_WAITING_ORDERS_COUNT} orders are waiting already` };
    }
    this.#postpone(order);
    return { afterMs: order.afterMs };
  }

  /** Lets a node's Podman fail at its next look. */
  hiccup(name: string): { readonly node: string } | Refusal {
    const node = this.#fleet.nodes.get(name);
    if (node === undefined) return { status: 404, error: `there is no node '${name}'` };
    node.hiccup = true;
    this.#log('info', 'hiccup ordered', { node: name });
    return { node: name };
  }

  /** Drops the orders that wait. */
  close(): void {
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }

  #postpone(order: Order): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      // The fleet may have changed in between: what the order means is found out again.
      const planned = plan(this.#fleet, order);
      if (isRefusal(planned)) this.#log('warn', 'order came to nothing', { order, error: planned.error });
      else this.#carriedOut(order, planned());
    }, order.afterMs);
    this.#waiting.add(timer);
  }

  #carriedOut(order: Order, changed: Change[]): Change[] {
    this.#log('info', 'order carried out', { action: order.action, changed });
    return changed;
  }
}
