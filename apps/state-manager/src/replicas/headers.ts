/** Says that a call was forwarded, and by whom: it is never forwarded again. */
export const FORWARDED_BY = 'statemanager-forwarded-by';

/** How long a report waited for a leader before it was forwarded, in milliseconds: what was heard since is newer. */
export const HELD_MS = 'statemanager-held-ms';

/** What a call's headers say of who forwarded it; undefined if nobody did. */
export function readForwarded(
  header: (name: string) => string | readonly string[] | undefined,
): { readonly heldMs: number } | undefined {
  if (header(FORWARDED_BY) === undefined) return undefined;
  const held = header(HELD_MS);
  return { heldMs: typeof held === 'string' && /^\d{1,12}$/.test(held) ? Number(held) : 0 };
}

/** In a refusal: nothing was done, because this process does not lead. */
export const NOT_LEADING = 'statemanager-not-leading';

/** gRPC's own way to say when to try again, in milliseconds. */
export const RETRY_PUSHBACK_MS = 'grpc-retry-pushback-ms';

/** In whose name a call is forwarded: the identity that the policy knows. Only another StateManager may say it. */
export const ON_BEHALF_OF = 'statemanager-on-behalf-of';
