/** Says that a call was forwarded, and by whom: it is never forwarded again. */
export const FORWARDED_BY = 'statemanager-forwarded-by';

/** How long a report waited for a leader before it was forwarded, in milliseconds: what was heard since is newer. */
export const HELD_MS = 'statemanager-held-ms';

/** The number of the leader's newest word of a node that a report is known to be newer than. */
export const NEWER_THAN = 'statemanager-newer-than';

/** In a refusal of a report: the number of the node's newest word, which came another way, and how many milliseconds ago. */
export const LAST_WORD = 'statemanager-last-word';

/** In a refusal: nothing was done, because this process does not lead. */
export const NOT_LEADING = 'statemanager-not-leading';

/** gRPC's own way to say when to try again, in milliseconds. */
export const RETRY_PUSHBACK_MS = 'grpc-retry-pushback-ms';

/** In whose name a call is forwarded: the identity that the policy knows. Only another StateManager may say it. */
export const ON_BEHALF_OF = 'statemanager-on-behalf-of';

/** What a call's headers say of who forwarded it. */
export interface Forwarded {
  /** Which process. */
  readonly by: string;
  /** How long it waited there for a leader, in milliseconds. */
  readonly heldMs: number;
  /** The word of its node that it is newer than, by number. */
  readonly newerThan: number | undefined;
}

/** Reads {@link Forwarded}; undefined if nobody forwarded it. */
export function readForwarded(header: (name: string) => string | readonly string[] | undefined): Forwarded | undefined {
  const by = header(FORWARDED_BY);
  if (by === undefined) return undefined;
  return { by: String(by), heldMs: numberIn(header(HELD_MS)) ?? 0, newerThan: numberIn(header(NEWER_THAN)) };
}

function numberIn(value: string | readonly string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
