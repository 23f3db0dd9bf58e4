import { containerStateOf, type ContainerFacts, type Observation } from './container.ts';
import { decide } from './decide.ts';
import type { Input, Rejection, RuleOptions } from './decision.ts';
import { Fleet } from './fleet.ts';
import {
  RESOURCE_KINDS,
  type ContainerState,
  type ModelState,
  type ResourceKind,
  type ResourceState,
} from './resource.ts';
import type { ReportedContainer } from './node-word.ts';

/** Something that might happen. */
export type Hypothesis =
  /** A node reports nothing any more, and the grace of what only it reported is over. */
  | { readonly type: 'node-lost'; readonly node: string }
  /** A request sets a model. */
  | { readonly type: 'model'; readonly name: string; readonly state: ModelState }
  /** A node reports a container in a state; one that it does not have is new. */
  | {
      readonly type: 'container';
      readonly node: string;
      readonly model: string;
      readonly name: string;
      readonly state: ContainerState;
    }
  | { readonly type: 'package-defined'; readonly name: string; readonly models: readonly string[] }
  | { readonly type: 'scenario-defined'; readonly name: string; readonly target: string; readonly action: string };

/** A resource whose state would change. */
export interface Impact {
  readonly kind: ResourceKind;
  readonly name: string;
  /** null: it has none. */
  readonly from: ResourceState | null;
  /** null: it would be removed. */
  readonly to: ResourceState | null;
  readonly rule: string;
  readonly cause: string;
}

/** What would follow. */
export interface Simulation {
  /** By kind and name. */
  readonly impacts: readonly Impact[];
  /** The packages that would have an intent they do not have now, by name. */
  readonly reconciles: readonly string[];
  /** The view as it would be, laid over the one that was asked. */
  readonly fleet: Fleet;
}

/**
 * What would follow if all of these happened, in this order: the same rules, decided on an overlay of the view, which
 * stays as it is. A rejection if one of them would be refused.
 */
export function simulate(
  view: Fleet,
  hypotheses: readonly Hypothesis[],
  options: RuleOptions,
  at: number,
): Simulation | Rejection {
  const fleet = new Fleet(view);
  const hear = (input: Input): Rejection | undefined => {
    const outcome = decide(fleet, input, options);
    if (!outcome.accepted) return outcome;
    if (outcome.changes !== undefined) fleet.absorb(outcome.changes);
    return undefined;
  };
  const lost = new Set<string>();
  for (const hypothesis of hypotheses) {
    if (hypothesis.type === 'node-lost') {
      for (const { model } of fleet.node(hypothesis.node)?.containers ?? []) lost.add(model);
    }
    const rejection = hear(inputOf(fleet, hypothesis, at));
    if (rejection !== undefined) return rejection;
  }
  for (const model of lost) {
    const episode = fleet.record('model', model)?.missing;
    if (episode !== undefined) hear({ type: 'grace-over', model, episode, at });
  }
  return { impacts: impactsOf(view, fleet), reconciles: reconcilesOf(view, fleet), fleet };
}

function inputOf(fleet: Fleet, hypothesis: Hypothesis, at: number): Input {
  switch (hypothesis.type) {
    case 'node-lost':
      return { type: 'report', node: hypothesis.node, containers: [], at };
    case 'model':
      return {
        type: 'change',
        kind: 'model',
        name: hypothesis.name,
        currentState: '',
        targetState: hypothesis.state,
        transitionId: unappliedId(fleet, hypothesis.name),
        stamped: true,
        source: 'hypothesis',
        at,
      };
    case 'container':
      return { type: 'report', node: hypothesis.node, containers: withContainer(fleet, hypothesis), at };
    case 'package-defined':
    case 'scenario-defined':
      return { ...hypothesis, revision: -1, at };
  }
}

/** An id that the model does not remember: a hypothesis must not pass for a request that was applied. */
function unappliedId(fleet: Fleet, model: string): string {
  const applied = fleet.record('model', model)?.applied ?? [];
  let n = 0;
  while (applied.some(({ id }) => id === `hypothesis-${n}`)) n += 1;
  return `hypothesis-${n}`;
}

/** The node's word with the container in that state. One that is in it already says what it said. */
function withContainer(
  fleet: Fleet,
  { node, model, name, state }: Extract<Hypothesis, { type: 'container' }>,
): readonly ReportedContainer[] {
  const word = fleet.node(node)?.containers ?? [];
  const isIt = (o: Observation): boolean => o.model === model && o.name === name;
  const same = word.find((o) => isIt(o) && containerStateOf(o.rule) === state);
  const it = same === undefined ? { model, name, ...factsOf(state), ...NO_REASON } : reportedAs(same);
  return [...word.filter((o) => !isIt(o)).map(reportedAs), it];
}

const NO_REASON = { oomKilled: false, exitCode: undefined } as const;

function reportedAs(o: Observation): ReportedContainer {
  const { model, name, exitCode, oomKilled } = o;
  const facts = factsOf(containerStateOf(o.rule));
  return { model, name, ...facts, oomKilled: oomKilled ?? false, exitCode };
}

/** Facts that the container rules read as this state, with the exit code that came with it or none. */
function factsOf(state: ContainerState): Omit<ContainerFacts, 'oomKilled' | 'exitCode'> {
  return { status: state.toLowerCase(), running: false, dead: state === 'Dead' };
}

function impactsOf(view: Fleet, fleet: Fleet): readonly Impact[] {
  const impacts: Impact[] = [];
  for (const kind of RESOURCE_KINDS) {
    const ofKind: Impact[] = [];
    for (const [name, record] of fleet.changedRecords(kind)) {
      const from = view.record(kind, name)?.state ?? null;
      const to = record?.state ?? null;
      if (from !== to) ofKind.push({ kind, name, from, to, rule: record?.rule ?? '', cause: record?.cause ?? '' });
    }
    for (const impact of ofKind.sort((a, b) => (a.name < b.name ? -1 : 1))) impacts.push(impact);
  }
  return impacts;
}

function reconcilesOf(view: Fleet, fleet: Fleet): readonly string[] {
  const names: string[] = [];
  for (const [name, intent] of fleet.changedIntents()) {
    if (intent !== undefined && intent.id !== view.intent(name)?.id) names.push(name);
  }
  return names.sort();
}
