import { reject, unchanged, type Decision, type Rejection, type Report, type RuleOptions } from './decision.ts';
import { describeObservation, type Observation } from './container.ts';
import { Draft } from './draft.ts';
import type { Fleet } from './fleet.ts';
import { containersOf, keepKnown, readWord, sameWord } from './node-word.ts';
import { settleModel } from './settle-model.ts';
import { settlePackages } from './settle-package.ts';

/** How many containers a model's cause names. */
const NAMED_CONTAINERS_COUNT = 3;

/** What follows from a node's report: the whole truth about that node, and nothing about any other. */
export function decideReport(view: Fleet, report: Report, options: RuleOptions): Decision | Rejection {
  const before = view.node(report.node);
  const word = readWord(report.containers, options.cleanExitCodes, report.at);
  if (before !== undefined && sameWord(before.containers, word)) return unchanged(`node ${report.node}: unchanged`);

  const containers = keepKnown(before?.containers ?? [], word);
  const draft = new Draft(view, report, options);
  const models = draft.fleet.putNode(report.node, { observedAt: report.at, containers });
  const source = `node/${report.node}`;
  for (const model of models) {
    const part = containersOf(containers, model);
    endOffload(draft, model, report.node, part.length > 0);
    settleModel(draft, model, source, describePart(report.node, part));
  }
  settlePackages(draft);
  return overLimit(draft, view) ?? draft.decision(describe(report, draft));
}

/** What {@link decideReport} says of a report that says nothing new; undefined if it says something. */
export function confirmReport(view: Fleet, report: Report, options: RuleOptions): Decision | undefined {
  const known = view.node(report.node)?.containers;
  if (known === undefined || known.length !== report.containers.length) return undefined;
  const word = readWord(report.containers, options.cleanExitCodes, report.at);
  return sameWord(known, word) ? unchanged(`node ${report.node}: unchanged`) : undefined;
}

/** An offload is over when its target reports the model. */
function endOffload(draft: Draft, model: string, node: string, reported: boolean): void {
  const { offload } = draft.record('model', model);
  if (reported && offload?.targetNode === node) draft.amend('model', model, { offload: undefined });
}

/** Refuses what would make more resources than there may be. */
export function overLimit(draft: Draft, view: Fleet): Rejection | undefined {
  const { maxResourcesCount } = draft.options;
  for (const kind of ['scenario', 'package', 'model', 'node'] as const) {
    const count = draft.fleet.count(kind);
    if (count <= maxResourcesCount || count <= view.count(kind)) continue;
    const what = `it would make ${count} ${kind}s, and at most ${maxResourcesCount} are kept (--max-resources-count)`;
    return reject('resource_unavailable', what);
  }
  return undefined;
}

/** What a node says of a model, the worst first. */
function describePart(node: string, part: readonly Observation[]): string {
  if (part.length === 0) return `node ${node} reports no container of it any more`;
  const dead = part.filter((o) => o.rule === 'container.dead');
  const named = (dead.length > 0 ? dead : part).slice(0, NAMED_CONTAINERS_COUNT);
  return `on node ${node} ${named.map((o) => `container ${describeObservation(o)}`).join(', ')}`;
}

function describe(report: Report, draft: Draft): string {
  const count = draft.transitions.length;
  return `node ${report.node}: ${count} transition${count === 1 ? '' : 's'}`;
}
