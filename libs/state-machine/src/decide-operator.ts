import {
  reject,
  unchanged,
  type Decision,
  type NodeForgotten,
  type ReconcileSteered,
  type Rejection,
  type ResourceDeleted,
  type RuleOptions,
} from './decision.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { forgetOldest } from './forget.ts';
import { total } from './model.ts';
import type { PackageRecord } from './record.ts';
import { endGrace, settleModel } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

/** A retired node: what it said is forgotten, and what only it reported is missing at once. */
export function decideNodeForgotten(view: Fleet, input: NodeForgotten, options: RuleOptions): Decision | Rejection {
  const { node, source } = input;
  if (view.node(node) === undefined) return reject('resource_not_found', `node ${node} is not known`);
  const draft = new Draft(view, input, options);
  for (const model of draft.fleet.putNode(node, undefined)) {
    settleModel(draft, model, source, `node ${node} was forgotten`);
    if (draft.record('model', model).missing !== undefined) endGrace(draft, model, source);
  }
  settlePackages(draft);
  return draft.decision(`node ${node} is forgotten`);
}

/** Removes a state that nothing but a request holds. */
export function decideResourceDeleted(view: Fleet, input: ResourceDeleted, options: RuleOptions): Decision | Rejection {
  const { kind, name, source } = input;
  if ((view.record(kind, name)?.state ?? null) === null) {
    return reject('resource_not_found', `${kind} ${name} has no state`);
  }
  const held = heldBy(view, input);
  if (held !== undefined) return reject('precondition_failed', `${kind} ${name} is held by ${held}`);
  const draft = new Draft(view, input, options);
  if (kind === 'package') {
    draft.fleet.putIntent(name, undefined);
    draft.amend('package', name, { reconcilePaused: undefined });
  }
  if (kind === 'model') draft.amend('model', name, { missing: undefined, offload: undefined });
  draft.transition(kind, name, null, { rule: `${kind}.deleted`, cause: `${source} deleted it`, source });
  forgetOldest(draft);
  return draft.decision(`${kind} ${name} is deleted`);
}

/** What else than a request holds a resource's state. */
function heldBy(view: Fleet, { kind, name }: ResourceDeleted): string | undefined {
  if (kind === 'model') {
    const packages = view.packagesOf(name);
    if (packages.length > 0) return `the definition of package ${packages.join(', ')}`;
    return total(view.containerCounts(name)) > 0 ? `containers on ${view.nodesOf(name).join(', ')}` : undefined;
  }
  return view.record(kind, name)?.definition === undefined ? undefined : 'its definition';
}

/** Pauses a package's reconciles or resumes them. Intents are made and ended all the same. */
export function decideReconcileSteered(
  view: Fleet,
  input: ReconcileSteered,
  options: RuleOptions,
): Decision | Rejection {
  const { packageName, type } = input;
  const record: PackageRecord | undefined = view.record('package', packageName);
  if (record === undefined || record.removed) {
    return reject('resource_not_found', `package ${packageName} is not known`);
  }
  const pause = type === 'reconcile-paused';
  if ((record.reconcilePaused ?? false) === pause) return unchanged(`package ${packageName} is so already`);
  const draft = new Draft(view, input, options);
  draft.amend('package', packageName, { reconcilePaused: pause ? true : undefined });
  return draft.decision(`reconciles of package ${packageName} are ${pause ? 'paused' : 'resumed'}`);
}
