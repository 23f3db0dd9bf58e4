import type { Input, Report } from '@statemanager/state-machine';
import type { Cause } from '../observe/tracing.ts';
import { EngineError } from './engine-error.ts';
import { isRequest, nodeOf } from './input-origin.ts';

/** What a caller learns when its input was decided and everything that follows is durable. */
export interface Ticket<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: EngineError) => void;
  /** The input whose commit is the answer: kept up when a newer report takes the place of an older one. */
  entry?: Entry<T>;
}

/** An input that waits to be decided, and whoever waits for it. */
export interface Entry<T> {
  input: Input;
  /** Everyone whose answer is this input's commit. */
  readonly tickets: Set<Ticket<T>>;
  /** When it came, or the oldest report whose place it took; in milliseconds, on the clock of `performance.now()`. */
  since: number;
  /** Set for a report that took the place of an older one: it carries what that one said, too. */
  tookPlace: boolean;
  /** Set for a report that had waited elsewhere before it came: what came before it may be newer. */
  readonly cameLate?: boolean;
  /** Set once it was taken: it cannot be withdrawn any more. */
  taken: boolean;
  /** Set once a commit of it was sent of which nobody knows what became: it may be in the store. */
  mayBeApplied?: boolean;
  /** Told when nobody waits for it any more although it was taken: whoever took it may still be able to stop. */
  abandoned?: (() => void) | undefined;
  /** The call that said it, where calls are traced, and then its decision. */
  cause?: Cause | undefined;
  decidedAs?: Cause | undefined;
}

/**
 * The one way in. Inputs leave in the order in which they came, but for reports: of each node only the newest waits,
 * because a report is the whole truth about its node, and the callers of older ones are answered with it.
 */
export class InputQueue<T> {
  readonly #maxRequestsCount: number;
  readonly #reports = new Map<string, Entry<T>>();
  /** How many inputs wait that are about a node. */
  readonly #nodes = new Map<string, number>();
  #entries = new Set<Entry<T>>();
  /** Goes through the entries once: to look for the first one anew costs as much as was taken out before it. */
  #front: SetIterator<Entry<T>> | undefined;
  #requestsCount = 0;
  #wake: (() => void) | undefined;
  /** Reports that a newer one of their node replaced before they were decided. */
  supersededCount = 0;
  /** Requests that were refused because too many waited. */
  refusedCount = 0;

  constructor(maxRequestsCount: number) {
    this.#maxRequestsCount = maxRequestsCount;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many nodes' reports wait. */
  get reportsCount(): number {
    return this.#reports.size;
  }

  /** How many requests wait. */
  get requestsCount(): number {
    return this.#requestsCount;
  }

  /** Since when somebody waits, on the clock of `performance.now()`; undefined if nobody does. Looks at all that waits. */
  get since(): number | undefined {
    let since: number | undefined;
    for (const entry of this.#entries) if (since === undefined || entry.since < since) since = entry.since;
    return since;
  }

  /** Adds an input. Only requests are bounded here: reports are bounded by their nodes, the rest is our own. */
  add(input: Input, ticket: Ticket<T>): Entry<T> {
    if (isRequest(input)) {
      if (this.#requestsCount >= this.#maxRequestsCount) {
        this.refusedCount += 1;
        const count = this.#maxRequestsCount;
        throw new EngineError('queue_full', `${count} requests wait for the store already (--max-queue-count)`);
      }
      this.#requestsCount += 1;
    }
    const entry: Entry<T> = {
      input,
      tickets: new Set([ticket]),
      since: performance.now(),
      tookPlace: false,
      cameLate: input.type === 'report' && input.held === true,
      taken: false,
    };
    ticket.entry = entry;
    const waiting = input.type === 'report' ? this.#reports.get(input.node) : undefined;
    if (waiting !== undefined && isOlder(entry, waiting)) {
      this.#joinCallers(entry, waiting);
      return waiting;
    }
    if (waiting !== undefined) this.#replace(waiting, entry);
    if (input.type === 'report') this.#reports.set(input.node, entry);
    this.#entries.add(entry);
    this.#count(entry, 1);
    this.#wake?.();
    return entry;
  }

  /** Whether an input waits that is about a node. */
  concerns(node: string): boolean {
    return this.#nodes.has(node);
  }

  /** Takes the oldest input; undefined if none waits. */
  take(): Entry<T> | undefined {
    this.#front ??= this.#entries.values();
    const { value: entry } = this.#front.next();
    if (entry === undefined) {
      this.#front = undefined;
      return undefined;
    }
    this.#leave(entry);
    entry.taken = true;
    return entry;
  }

  /** Takes the report of a node that has waited longest, among those that are wanted; undefined if none waits. */
  takeReport(isWanted: (node: string) => boolean): Entry<T> | undefined {
    for (const [node, entry] of this.#reports) {
      if (!isWanted(node)) continue;
      this.#leave(entry);
      entry.taken = true;
      return entry;
    }
    return undefined;
  }

  /** Puts inputs that were taken and not committed back to the front, in their order. */
  putBack(entries: readonly Entry<T>[]): void {
    const returned = new Set<Entry<T>>();
    // The last ones first: of two reports of a node the later one stays.
    for (const entry of entries.toReversed()) {
      entry.taken = false;
      if (isRequest(entry.input)) this.#requestsCount += 1;
      if (entry.input.type === 'report') {
        const later = this.#reports.get(entry.input.node);
        if (later !== undefined && !isOlder(later, entry)) {
          this.#joinCallers(entry, later);
          continue;
        }
        if (later !== undefined) {
          returned.delete(later);
          this.#replace(later, entry);
        }
        this.#reports.set(entry.input.node, entry);
      }
      returned.add(entry);
      this.#count(entry, 1);
    }
    this.#entries = new Set([...[...returned].reverse(), ...this.#entries]);
    this.#front = undefined;
    this.#wake?.();
  }

  /**
   * Takes an input out again before it was decided. Returns whether that was still possible: not if it took the place of
   * an older report, whose node was told that it stays queued, or will be.
   */
  withdraw(entry: Entry<T>): boolean {
    if (entry.taken || entry.tookPlace || !this.#entries.has(entry)) return false;
    this.#leave(entry);
    return true;
  }

  /** Notes that other processes may hear of the nodes whose reports wait: from now on their time is looked at. */
  holdReports(): void {
    for (const node of this.#reports.keys()) this.holdReport(node);
  }

  /** The same for the report of one node, if one waits. */
  holdReport(node: string): void {
    const entry = this.#reports.get(node);
    if (entry !== undefined) entry.input = { ...(entry.input as Report), held: true };
  }

  /** Resolves when an input waits, or the signal aborts. */
  async waiting(signal: AbortSignal): Promise<void> {
    if (this.#entries.size > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Takes out every input that matches, in their order. */
  remove(matches: (entry: Entry<T>) => boolean): readonly Entry<T>[] {
    const removed = [...this.#entries].filter(matches);
    for (const entry of removed) this.#leave(entry);
    return removed;
  }

  #count({ input }: Entry<T>, by: number): void {
    const node = nodeOf(input);
    if (node === undefined) return;
    const count = (this.#nodes.get(node) ?? 0) + by;
    if (count === 0) this.#nodes.delete(node);
    else this.#nodes.set(node, count);
  }

  /** Takes a report out that another one of its node replaces. */
  #replace(older: Entry<T>, newer: Entry<T>): void {
    this.#entries.delete(older);
    this.#count(older, -1);
    this.#joinCallers(older, newer);
  }

  #joinCallers(older: Entry<T>, newer: Entry<T>): void {
    this.supersededCount += 1;
    newer.tookPlace = true;
    newer.since = Math.min(newer.since, older.since);
    for (const ticket of older.tickets) {
      newer.tickets.add(ticket);
      ticket.entry = newer;
    }
    older.tickets.clear();
  }

  #leave(entry: Entry<T>): void {
    this.#entries.delete(entry);
    this.#count(entry, -1);
    if (isRequest(entry.input)) this.#requestsCount -= 1;
    if (entry.input.type === 'report' && this.#reports.get(entry.input.node) === entry) {
      this.#reports.delete(entry.input.node);
    }
  }
}

/** Whether a report that came later says what its node said before: it had waited elsewhere. */
function isOlder<T>(later: Entry<T>, earlier: Entry<T>): boolean {
  return later.cameLate === true && later.input.at < earlier.input.at;
}
