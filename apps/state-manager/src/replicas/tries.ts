/** How a try to have the leader answer a call can end. */
export const TRY_RESULTS = ['answered', 'again', 'failed', 'cancelled'] as const;
export type TryResult = (typeof TRY_RESULTS)[number];

/**
 * How many tries ended how: the leader answered; it was not reached or does not lead any more, and the call is tried again;
 * it refused, or the call may not be repeated; the caller gave up.
 */
export type Tries = Record<TryResult, number>;

export function countTries(): Tries {
  return { answered: 0, again: 0, failed: 0, cancelled: 0 };
}
