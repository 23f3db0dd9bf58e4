import type { Draft } from './draft.ts';
import type { ResourceKind } from './resource.ts';

/** How many are forgotten at once at the most: each costs its whole history in store operations. */
const FORGOTTEN_AT_ONCE_COUNT = 4;

/**
 * Forgets what was removed first, beyond the number of removed resources that are remembered. Where that number was
 * lowered, each removal catches up a little.
 */
export function forgetOldest(draft: Draft): void {
  const { fleet, options } = draft;
  for (let i = 0; i < FORGOTTEN_AT_ONCE_COUNT && fleet.removedCount() > options.removedKeptCount; i += 1) {
    const oldest = fleet.removed().next();
    if (oldest.done) return;
    const slash = oldest.value.indexOf('/');
    fleet.putRecord(oldest.value.slice(0, slash) as ResourceKind, oldest.value.slice(slash + 1), undefined);
  }
}
