import type { Draft } from './draft.ts';
import type { ResourceKind } from './resource.ts';

/** Forgets what was removed first, beyond the number of removed resources that are remembered. */
export function forgetOldest(draft: Draft): void {
  const { fleet, options } = draft;
  if (fleet.removedCount() <= options.removedKeptCount) return;
  const oldest = fleet.removed().next();
  if (oldest.done) return;
  const slash = oldest.value.indexOf('/');
  fleet.putRecord(oldest.value.slice(0, slash) as ResourceKind, oldest.value.slice(slash + 1), undefined);
}
