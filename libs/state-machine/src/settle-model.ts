import type { Draft, Move } from './draft.ts';
import { describeContainers, isInDoubt, MODEL_REQUESTED, rollUpModel, total, type RolledUp } from './model.ts';
import { forgetOldest } from './forget.ts';
import type { ModelState } from './resource.ts';

/** Decides a model's state anew after a node said something else of it; packages follow later. */
export function settleModel(draft: Draft, model: string, source: string, what: string): void {
  const counts = draft.fleet.containerCounts(model);
  const isReported = total(counts) > 0;
  if (!isReported && removeIfOrphaned(draft, model, false, source)) return;
  let record = draft.record('model', model);
  const doubt = isInDoubt(counts) ? true : undefined;
  if (record.doubt !== doubt) record = draft.amend('model', model, { doubt }, record);
  if (!isReported) {
    lostLastContainer(draft, model, source);
    return;
  }
  const rolledUp = rollUpModel({ counts, observed: true, wasExited: false, graceOver: false });
  if (record.missing !== undefined) record = draft.amend('model', model, { missing: undefined }, record);
  const cause = `${what}; ${describeContainers(counts)}`;
  moveModel(draft, model, rolledUp as RolledUp<ModelState>, { cause, source }, record);
}

/**
 * Puts a model into a rolled-up state, if that is another one, and has its packages evaluated. Whoever has just looked up
 * its record may give it along.
 */
export function moveModel(
  draft: Draft,
  model: string,
  to: RolledUp<ModelState>,
  by: Omit<Move, 'rule'>,
  before = draft.record('model', model),
): void {
  if (before.state === to.state) {
    if (before.rule === to.rule) return;
    draft.amend('model', model, { rule: to.rule, cause: by.cause, source: by.source }, before);
    return;
  }
  draft.transition('model', model, to.state, { ...by, rule: to.rule }, before);
  touchPackages(draft, model, to.state, by);
}

/**
 * Removes the state of a model that nothing holds any more: no definition names it, no node reports a container of it,
 * and no request set it, or a report ended what a request had set. Returns whether it did.
 */
export function removeIfOrphaned(draft: Draft, model: string, requestHolds: boolean, source: string): boolean {
  const record = draft.record('model', model);
  if (record.state === null || total(draft.fleet.containerCounts(model)) > 0) return false;
  if (draft.fleet.packagesOf(model).length > 0) return false;
  if (requestHolds && record.rule === MODEL_REQUESTED && record.missing === undefined) return false;
  const cause = 'no definition names it, no node reports a container of it, and no request set it';
  draft.amend('model', model, { missing: undefined, offload: undefined, doubt: undefined });
  draft.transition('model', model, null, { rule: 'model.removed', cause, source });
  forgetOldest(draft);
  return true;
}

function lostLastContainer(draft: Draft, model: string, source: string): void {
  const record = draft.record('model', model);
  const cause = 'no node reports a container of it any more';
  if (record.state === 'Exited') {
    const counts = draft.fleet.containerCounts(model);
    const rolledUp = rollUpModel({ counts, observed: true, wasExited: true, graceOver: false });
    moveModel(draft, model, rolledUp as RolledUp<ModelState>, { cause: `it was Exited when ${cause}`, source }, record);
    return;
  }
  if (record.missing !== undefined) return;
  if (graceIsOver(draft, model)) {
    endGrace(draft, model, source);
    return;
  }
  const episodes = (record.episodes ?? 0) + 1;
  draft.amend('model', model, { missing: episodes, episodes });
}

function graceIsOver(draft: Draft, model: string): boolean {
  return draft.options.missingGraceMs === 0 && draft.record('model', model).offload === undefined;
}

/** Makes a model that no node reports what a missing model is. */
export function endGrace(draft: Draft, model: string, source: string): void {
  const rolledUp = rollUpModel({
    counts: draft.fleet.containerCounts(model),
    observed: true,
    wasExited: false,
    graceOver: true,
  }) as RolledUp<ModelState>;
  draft.amend('model', model, { missing: undefined, offload: undefined });
  const cause = 'no node reports a container of it any more, and the grace is over';
  moveModel(draft, model, { rule: rolledUp.rule, state: draft.options.missingAs }, { cause, source });
}

/** Has a model's packages evaluated at the end of the input. */
export function touchPackages(draft: Draft, model: string, to: ModelState, by: Omit<Move, 'rule'>): void {
  for (const packageName of draft.fleet.packagesOf(model)) {
    const change = `model ${model} became ${to}`;
    const touched = draft.touched.get(packageName);
    if (touched === undefined) draft.touched.set(packageName, { ...by, changes: [change] });
    else touched.changes.push(change);
  }
}
