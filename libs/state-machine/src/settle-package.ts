import type { Draft, Touch } from './draft.ts';
import { describeModels, rollUpPackage } from './package.ts';
import { followWithIntent } from './intent.ts';

/** How many of an input's changes a package's cause names. */
const NAMED_CHANGES_COUNT = 3;

/** Evaluates every package that the input touched: once each, after everything below it is settled. */
export function settlePackages(draft: Draft): void {
  for (const [name, touch] of draft.touched) evaluatePackage(draft, name, touch);
  draft.touched.clear();
}

function evaluatePackage(draft: Draft, name: string, touch: Touch): void {
  const before = draft.record('package', name);
  if (before.definition === undefined) return;
  const counts = draft.fleet.modelCounts(name);
  const { state, rule } = rollUpPackage(counts);
  const cause = `${nameChanges(touch.changes)}; ${describeModels(counts)}`;
  const { source, transitionId } = touch;
  if (before.state === state) {
    if (before.rule !== rule) draft.amend('package', name, { rule, cause, source }, before);
    return;
  }
  followWithIntent(draft, draft.transition('package', name, state, { rule, cause, source, transitionId }, before));
}

function nameChanges(changes: readonly string[]): string {
  const more = changes.length - NAMED_CHANGES_COUNT;
  const named = changes.slice(0, NAMED_CHANGES_COUNT).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
