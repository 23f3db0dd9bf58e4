import { containerStateOf, describeObservation, type Observation } from './container.ts';
import type { Fleet } from './fleet.ts';
import { describeContainers, MODEL_REQUESTED, MODEL_RULES, rollUpModel, total, type ContainerCounts } from './model.ts';
import { describeModels, PACKAGE_REQUESTED, PACKAGE_RULES, rollUpPackage, type ModelCounts } from './package.ts';
import { CONTAINER_STATES, MODEL_STATES, type ResourceKind } from './resource.ts';
import { allowedFrom } from './scenario.ts';
import { whatIf, type WhatIf } from './what-if.ts';

/** Why one thing is in its state: a tree down to containers. */
export interface Explanation {
  readonly kind: ResourceKind | 'container';
  /** A container's is `<node>/<name>`. */
  readonly name: string;
  /** Empty: it has none. */
  readonly state: string;
  readonly rule: string;
  /** Since when, in milliseconds since 1970; 0 if it has no state. */
  readonly since: number;
  /** The rule in words, and what it found. */
  readonly text: string;
  /** What the rule rests on. */
  readonly because: readonly Explanation[];
  /** Which single changes below would give which other state. */
  readonly wouldChange: readonly WhatIf[];
}

/** How many children an explanation shows; its text has the counts of all. */
const SHOWN_COUNT = 100;

/** Why a resource is in its state. undefined if nothing is known of it. */
export function explain(view: Fleet, kind: ResourceKind, name: string): Explanation | undefined {
  if (kind === 'package') return explainPackage(view, name);
  return kind === 'model' ? explainModel(view, name) : explainScenario(view, name);
}

function explainPackage(view: Fleet, name: string): Explanation | undefined {
  const record = view.record('package', name);
  if (record === undefined || record.state === null) return undefined;
  const counts = view.modelCounts(name);
  const models = record.definition?.models ?? [];
  const stateOf = (model: string): keyof ModelCounts => view.record('model', model)?.state ?? 'absent';
  const decisive = models.filter((model) => isDecisive(record.rule, stateOf(model)));
  const requested = record.rule === PACKAGE_REQUESTED;
  return {
    kind: 'package',
    name,
    state: record.state,
    rule: record.rule,
    since: record.since,
    text: requested
      ? `${record.source} asked for it; it holds until a model or the definition of the package changes`
      : `${says(PACKAGE_RULES, record.rule, record.cause)} (${describeModels(counts)})`,
    because: requested ? [] : decisive.slice(0, SHOWN_COUNT).map((model) => explainModel(view, model) ?? named(model)),
    wouldChange: whatIf({
      children: models.map((model) => ({ name: model, state: stateOf(model) })),
      states: MODEL_STATES,
      present: record.state,
      rollUp: (from, to) => rollUpPackage({ ...counts, [from]: counts[from] - 1, [to]: counts[to] + 1 }),
    }),
  };
}

/** Whether a model in this state is what a package's rule rests on. */
function isDecisive(rule: string, state: keyof ModelCounts): boolean {
  return rule === 'package.degraded' || rule === 'package.error' ? state === 'Dead' : true;
}

function named(model: string): Explanation {
  const [rule] = MODEL_RULES;
  return {
    kind: 'model',
    name: model,
    state: rule.state,
    rule: rule.id,
    since: 0,
    text: rule.says,
    because: [],
    wouldChange: [],
  };
}

function explainModel(view: Fleet, name: string): Explanation | undefined {
  const record = view.record('model', name);
  if (record === undefined || record.state === null) {
    return view.packagesOf(name).length > 0 ? named(name) : undefined;
  }
  const counts = view.containerCounts(name);
  const containers = view
    .nodesOf(name)
    .flatMap((node) => (view.node(node)?.containers ?? []).filter((o) => o.model === name).map((o) => ({ node, o })));
  const decisive = containers.filter(({ o }) => record.rule !== 'model.dead' || stateOf(o) === 'Dead');
  return {
    kind: 'model',
    name,
    state: record.state,
    rule: record.rule,
    since: record.since,
    text: textOfModel(view, name, counts),
    because: decisive.slice(0, SHOWN_COUNT).map(({ node, o }) => explainContainer(node, o)),
    wouldChange: whatIf({
      children: containers.map(({ node, o }) => ({ name: `${node}/${o.name}`, state: stateOf(o) })),
      states: CONTAINER_STATES,
      present: record.state,
      rollUp: (from, to) => {
        const moved = { ...counts, [from]: counts[from] - 1, [to]: counts[to] + 1 };
        return rollUpModel({ counts: moved, observed: true, wasExited: false, graceOver: false });
      },
    }),
  };
}

function textOfModel(view: Fleet, name: string, counts: ContainerCounts): string {
  const record = view.record('model', name);
  if (record === undefined) return '';
  const missing =
    record.missing === undefined ? '' : '; no node reports a container of it any more, and the grace lasts';
  if (record.rule === MODEL_REQUESTED) {
    return `${record.source} asked for it; it holds until a node says something else of it${missing}`;
  }
  const what = total(counts) > 0 ? ` (${describeContainers(counts)})` : '';
  return `${says(MODEL_RULES, record.rule, record.cause)}${what}${missing}`;
}

function explainContainer(node: string, o: Observation): Explanation {
  return {
    kind: 'container',
    name: `${node}/${o.name}`,
    state: stateOf(o),
    rule: o.rule,
    since: o.since,
    text: `on node ${node} container ${describeObservation(o)}`,
    because: [],
    wouldChange: [],
  };
}

function explainScenario(view: Fleet, name: string): Explanation | undefined {
  const record = view.record('scenario', name);
  if (record === undefined || (record.state === null && record.definition === undefined)) return undefined;
  const { state, rule, source, since } = record;
  const wouldChange = allowedFrom(state ?? undefined).map((to) => ({
    anyOf: [name],
    becoming: to,
    gives: to,
    rule: 'scenario.requested',
    text: `a request may set it to ${to}`,
  }));
  const text = state === null ? 'it is defined, and nobody has asked for a state' : `${source} asked for it`;
  return { kind: 'scenario', name, state: state ?? '', rule, since, text, because: [], wouldChange };
}

function stateOf(o: Observation): keyof ContainerCounts {
  return containerStateOf(o.rule);
}

function says(rules: readonly { readonly id: string; readonly says: string }[], id: string, cause: string): string {
  return rules.find((rule) => rule.id === id)?.says ?? cause;
}
