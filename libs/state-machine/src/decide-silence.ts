import { compareObservations, containerStateOf, type Observation } from './container.ts';
import { reject, unchanged, type Decision, type NodeSilent, type Rejection, type RuleOptions } from './decision.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { settleModel } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

/**
 * What follows when a node that reports regularly has fallen silent: each of its containers that was alive counts as Dead,
 * until the node reports again. Those that had ended stay what they were.
 */
export function decideNodeSilent(view: Fleet, input: NodeSilent, options: RuleOptions): Decision | Rejection {
  const { node, silentMs, at } = input;
  const before = view.node(node);
  if (before === undefined) return reject('precondition_failed', `node ${node} is not known`);
  const containers = before.containers.map((one) => silenced(one, at));
  if (containers.every((one, i) => one === before.containers[i])) return unchanged(`node ${node}: nothing was alive`);
  const draft = new Draft(view, input, options);
  const cause = `node ${node} has been silent for ${Math.round(silentMs / 1000)} s`;
  const word = { observedAt: before.observedAt, containers: [...containers].sort(compareObservations) };
  for (const model of draft.fleet.putNode(node, word)) settleModel(draft, model, `node/${node}`, cause);
  settlePackages(draft);
  return draft.decision(`node ${node} is silent`);
}

function silenced(one: Observation, at: number): Observation {
  const state = containerStateOf(one.rule);
  if (state === 'Dead' || state === 'Exited') return one;
  return { model: one.model, name: one.name, rule: 'container.silent', since: at };
}
