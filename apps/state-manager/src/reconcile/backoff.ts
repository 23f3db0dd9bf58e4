/** How long a package waits between attempts, in milliseconds. */
export interface BackoffOptions {
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How long an accepted reconcile may take to heal. */
  readonly healMs: number;
  /** A number from 0 to 1; Math.random, but in tests. */
  readonly random?: () => number;
}

/** How far jitter stretches a wait at most. It never shortens one: the backoff is a promise to ActionController. */
const JITTER = 0.2;

/** The wait after this many attempts: doubling up to the cap, then stretched by up to a fifth. */
export function attemptDelayMs(attempts: number, accepted: boolean, options: BackoffOptions): number {
  const { initialBackoffMs, maxBackoffMs, healMs, random = Math.random } = options;
  const backoffMs = Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(30, Math.max(0, attempts - 1)));
  const leastMs = accepted ? Math.max(healMs, backoffMs) : backoffMs;
  return leastMs * (1 + JITTER * random());
}
