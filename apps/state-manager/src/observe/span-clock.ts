/** So far may the wall clock and ours be apart before ours is set anew. */
const MOVED_MS = 5;

let originMs = performance.timeOrigin;

/**
 * A moment of the monotonic clock in milliseconds since 1970, as fine as that clock: spans of one process are in order, which
 * they are not by a wall clock that tells milliseconds. It is set anew when the wall clock was moved.
 */
export function wallTimeOf(at: number): number {
  const driftMs = Date.now() - (originMs + performance.now());
  if (Math.abs(driftMs) > MOVED_MS) originMs += driftMs;
  return originMs + at;
}

/** This moment, for the beginning or the end of a span. */
export function wallTime(): number {
  return wallTimeOf(performance.now());
}
