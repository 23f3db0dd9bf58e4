import {
  unchanged,
  type Decision,
  type Input,
  type PackageDefined,
  type Rejection,
  type RuleOptions,
  type ScenarioDefined,
} from './decision.ts';
import { overLimit } from './decide-report.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { forgetOldest } from './forget.ts';
import { removeIfOrphaned } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

const SOURCE = 'definition';

/** A package's document appeared or changed: the package is evaluated, and stored even if it is Idle. */
export function decidePackageDefined(view: Fleet, input: PackageDefined, options: RuleOptions): Decision | Rejection {
  const { name, revision } = input;
  const models = [...new Set(input.models)];
  const known = view.record('package', name)?.definition;
  if (known?.revision === revision && known.models.join('/') === models.join('/')) return unchanged('it is known');
  const draft = new Draft(view, input, options);
  const before = draft.record('package', name);
  draft.amend('package', name, { definition: { revision, models } });
  orphan(draft, before.definition?.models ?? []);
  const change = before.definition === undefined ? 'its definition appeared' : 'its definition changed';
  draft.touched.set(name, { changes: [change], source: SOURCE });
  settlePackages(draft);
  return overLimit(draft, view) ?? draft.decision(`package ${name} names ${models.length} models`);
}

/** A package's document was deleted: its state and its intent go, and so do models that nothing else holds. */
export function decidePackageUndefined(
  view: Fleet,
  input: Extract<Input, { type: 'package-undefined' | 'scenario-undefined' }>,
  options: RuleOptions,
): Decision {
  const { name } = input;
  const record = view.record('package', name);
  if (record?.definition === undefined) return unchanged(`package ${name} had no definition`);
  const draft = new Draft(view, input, options);
  draft.amend('package', name, { definition: undefined, reconcilePaused: undefined });
  draft.fleet.putIntent(name, undefined);
  const move = { rule: 'package.removed', cause: 'its definition was deleted', source: SOURCE };
  if (record.state !== null) draft.transition('package', name, null, move);
  orphan(draft, record.definition.models);
  forgetOldest(draft);
  return draft.decision(`package ${name} is removed`);
}

function orphan(draft: Draft, models: readonly string[]): void {
  for (const model of models) removeIfOrphaned(draft, model, true, SOURCE);
}

/** A scenario's document appeared or changed. It gives no state: components do. */
export function decideScenarioDefined(view: Fleet, input: ScenarioDefined, options: RuleOptions): Decision {
  const { name, target, action, revision } = input;
  const known = view.record('scenario', name)?.definition;
  if (known?.revision === revision && known.target === target && known.action === action)
    return unchanged('it is known');
  const draft = new Draft(view, input, options);
  draft.amend('scenario', name, { definition: { target, action, revision }, removed: undefined });
  return draft.decision(`scenario ${name} targets package ${target}`);
}

/** A scenario's document was deleted: its state goes. */
export function decideScenarioUndefined(
  view: Fleet,
  input: Extract<Input, { type: 'package-undefined' | 'scenario-undefined' }>,
  options: RuleOptions,
): Decision {
  const { name } = input;
  const record = view.record('scenario', name);
  if (record?.definition === undefined) return unchanged(`scenario ${name} had no definition`);
  const draft = new Draft(view, input, options);
  draft.amend('scenario', name, { definition: undefined });
  const move = { rule: 'scenario.removed', cause: 'its definition was deleted', source: SOURCE };
  if (record.state !== null) draft.transition('scenario', name, null, move);
  else if (record.generation > 0) draft.amend('scenario', name, { removed: true });
  else draft.fleet.putRecord('scenario', name, undefined);
  forgetOldest(draft);
  return draft.decision(`scenario ${name} is removed`);
}
