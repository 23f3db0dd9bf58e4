import {
  unchanged,
  type Decision,
  type GraceOver,
  type Input,
  type OffloadAnswered,
  type RuleOptions,
} from './decision.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { forgetOldest } from './forget.ts';
import { total } from './model.ts';
import { endGrace, removeIfOrphaned } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

const SOURCE = 'statemanager';

/** A model has been missing for longer than the grace, unless something happened to it meanwhile. */
export function decideGraceOver(view: Fleet, input: GraceOver, options: RuleOptions): Decision {
  const { model, episode } = input;
  const holds = view.record('model', model)?.missing === episode && total(view.containerCounts(model)) === 0;
  if (!holds) return unchanged(`model ${model} is not missing since then any more`);
  const draft = new Draft(view, input, options);
  if (!removeIfOrphaned(draft, model, false, SOURCE)) endGrace(draft, model, SOURCE);
  settlePackages(draft);
  return draft.decision(`model ${model} is missing`);
}

/** Notes an offload in the model's history and, if it was accepted, that it runs. */
export function decideOffloadAnswered(view: Fleet, input: OffloadAnswered, options: RuleOptions): Decision {
  const { model, id, accepted, targetNode, detail, source } = input;
  const draft = new Draft(view, input, options);
  const { state } = draft.record('model', model);
  const rule = accepted ? 'model.offload-accepted' : 'model.offload-refused';
  const note = draft.transition('model', model, state, { rule, cause: detail, source, transitionId: id });
  const before = view.record('model', model);
  draft.amend('model', model, {
    rule: before?.rule ?? '',
    cause: before?.cause ?? '',
    source: before?.source ?? '',
    noted: input.at,
    ...(accepted ? { offload: { id, targetNode } } : undefined),
  });
  forgetOldest(draft);
  return draft.decision(`history entry ${note.generation} of model ${model}`);
}

/** An offload has run for as long as it may: from now on the ordinary grace counts. */
export function decideOffloadOver(
  view: Fleet,
  input: Extract<Input, { type: 'offload-over' }>,
  options: RuleOptions,
): Decision {
  const record = view.record('model', input.model);
  if (record?.offload?.id !== input.id) return unchanged(`offload ${input.id} is over already`);
  const draft = new Draft(view, input, options);
  draft.amend('model', input.model, { offload: undefined });
  return draft.decision(`offload ${input.id} of model ${input.model} is over`);
}
