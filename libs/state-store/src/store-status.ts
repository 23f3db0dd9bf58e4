import { StoreError } from './store-error.ts';
import type { StoreErrorReason } from './store-error.ts';

/** How a store is, in one word, worst last. */
export type StoreState =
  | 'ok'
  /** It does everything, and the last write or this look at it took {@link SLOW_MS} or longer. */
  | 'slow'
  /** It can be read, and takes no writes: its quota or its disk is full. */
  | 'no_space'
  /** It can be read, and its medium cannot be written. */
  | 'read_only'
  /** It cannot be reached, or does not serve. */
  | 'unavailable';

/** How a store is, as found by one look at it. */
export interface StoreStatus {
  readonly state: StoreState;
  /** Of a state that is not `ok`, where it is known. */
  readonly reason?: StoreErrorReason;
  /** One sentence for an operator; what is wrong and, where it is known, what to do. */
  readonly detail: string;
  /** How long the look took, or the last write, if that took longer. */
  readonly latencyMs: number;
  /** What it takes up where it stores, free pages included; undefined if it does not say. */
  readonly sizeBytes?: number;
}

/** From here on a store is called slow: callers wait for it, and a lease may run out. */
export const SLOW_MS = 1000;

/** How long a failed write counts. What lasts is tried again sooner than that, by whoever leads or wants to. */
const FAILURE_COUNTS_MS = 10_000;

/** How long a slow write counts if no other comes after it. */
const SLOWNESS_COUNTS_MS = 60_000;

/** How the last write went. A full or slow disk shows in writes only, and a look at a store writes nothing. */
export class WriteMemory {
  #endedAtMs = -Infinity;
  #tookMs = 0;
  #failure: StoreError | undefined;

  /** Notes a write that took `tookMs` and has just ended. One that failed by its caller's mistake says nothing. */
  note(tookMs: number, failure?: unknown): void {
    if (failure !== undefined && !StoreError.is(failure, 'unavailable')) return;
    this.#endedAtMs = performance.now();
    this.#tookMs = tookMs;
    this.#failure = failure;
  }

  /** Why the last write failed, if it did, and not long ago. */
  get failure(): StoreError | undefined {
    return performance.now() - this.#endedAtMs < FAILURE_COUNTS_MS ? this.#failure : undefined;
  }

  /** How long the last write took, if that was not long ago; else 0. */
  get tookMs(): number {
    return performance.now() - this.#endedAtMs < SLOWNESS_COUNTS_MS ? this.#tookMs : 0;
  }
}

/** What a look at a store found. */
export interface Look {
  readonly name: string;
  /** How long it took. */
  readonly tookMs: number;
  /** Why it failed, if it did. */
  readonly failure?: StoreError | undefined;
  readonly writes: WriteMemory;
  readonly sizeBytes?: number | undefined;
  /** Whether the store says itself that it takes writes again. */
  readonly hasSpace?: boolean;
}

/** What a write failed of does not hold any more when a read succeeds after it. */
const DISPROVED_BY_READING: ReadonlySet<StoreErrorReason | undefined> = new Set([
  ...(['unreachable', 'no_leader', 'unauthenticated', 'untrusted'] as const),
]);

/** Makes a status of a look and of how the last write went. */
export function statusOf({ name, tookMs, failure, writes, sizeBytes, hasSpace = false }: Look): StoreStatus {
  const problem = failure ?? lastingFailureOf(writes, hasSpace);
  const latencyMs = Math.round(Math.max(tookMs, writes.tookMs));
  const rest = { latencyMs, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  if (problem !== undefined) {
    const reason = problem.reason === undefined ? {} : { reason: problem.reason };
    return { state: stateOf(problem), ...reason, detail: problem.message, ...rest };
  }
  if (latencyMs >= SLOW_MS) return { state: 'slow', detail: `${name} took ${latencyMs} ms to answer`, ...rest };
  return { state: 'ok', detail: `${name} serves`, ...rest };
}

function lastingFailureOf({ failure }: WriteMemory, hasSpace: boolean): StoreError | undefined {
  if (DISPROVED_BY_READING.has(failure?.reason) || (hasSpace && failure?.reason === 'no_space')) return undefined;
  return failure;
}

function stateOf({ reason }: StoreError): StoreState {
  return reason === 'no_space' || reason === 'read_only' ? reason : 'unavailable';
}
