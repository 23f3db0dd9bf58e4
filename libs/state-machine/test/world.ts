import { expect } from 'vitest';
import {
  DEFAULT_RULE_OPTIONS,
  decide,
  Fleet,
  type ChangeRequest,
  type Decision,
  type Input,
  type Rejection,
  type ReportedContainer,
  type ResourceKind,
  type ResourceState,
  type RuleOptions,
  type Transition,
} from '../src/index.ts';

/** A fleet under test: what is known, and all that happened to it. */
export interface World {
  readonly view: Fleet;
  readonly options: RuleOptions;
  readonly transitions: Transition[];
  at: number;
}

type WithoutTime<I> = I extends Input ? Omit<I, 'at'> : never;

/** An input, without the time at which it comes. */
export type Happening = WithoutTime<Input>;

export function newWorld(options: Partial<RuleOptions> = {}): World {
  return { view: new Fleet(), options: { ...DEFAULT_RULE_OPTIONS, ...options }, transitions: [], at: 1000 };
}

/** Decides an input a second later, and absorbs what follows from it. */
export function happen(world: World, what: Happening): Decision | Rejection {
  world.at += 1000;
  const decision = decide(world.view, { ...what, at: world.at }, world.options);
  if (decision.accepted) {
    if (decision.changes !== undefined) world.view.absorb(decision.changes);
    world.transitions.push(...decision.transitions);
  }
  return decision;
}

/** Like {@link happen}, of an input that must be accepted. Returns its transitions, as `model m: Running > Dead`. */
export function accept(world: World, what: Happening): string[] {
  const decision = happen(world, what);
  if (!decision.accepted) return expect.fail(`refused: ${decision.code}: ${decision.details}`);
  return decision.transitions.map((t) => `${t.kind} ${t.name}: ${t.from ?? 'absent'} > ${t.to ?? 'absent'}`);
}

/** Like {@link happen}, of an input that must be refused. */
export function refuse(world: World, what: Happening): Rejection {
  const decision = happen(world, what);
  return decision.accepted ? expect.fail(`accepted: ${decision.message}`) : decision;
}

/** A container in Podman's words, as `<status>[:<exit code>][:oom]`. */
export function container(model: string, name: string, words: string): ReportedContainer {
  const [status = '', ...rest] = words.split(':');
  const code = rest.find((word) => word !== 'oom');
  const facts = { status, running: status === 'running', dead: false, oomKilled: rest.includes('oom') };
  return { model, name, ...facts, exitCode: code === undefined ? undefined : Number(code) };
}

/** A node's report: its models, and their containers in the words of {@link container}. */
export function report(node: string, models: Readonly<Record<string, readonly string[]>> = {}): Happening {
  const containers = Object.entries(models).flatMap(([model, all]) =>
    all.map((words, i) => container(model, `${model}-${i}`, words)),
  );
  return { type: 'report', node, containers };
}

let requests = 0;

/** A well-formed change request with an id of its own. */
export function change(
  kind: ResourceKind,
  name: string,
  targetState: string,
  more: Partial<ChangeRequest> = {},
): Omit<ChangeRequest, 'at'> {
  requests += 1;
  const transitionId = `request-${requests}`;
  const usual = { type: 'change', currentState: '', transitionId, stamped: true, source: 'tester' } as const;
  return { ...usual, kind, name, targetState, ...more };
}

export function definePackage(name: string, models: readonly string[], revision = 1): Happening {
  return { type: 'package-defined', name, models, revision };
}

export function defineScenario(name: string, target: string, action = 'launch', revision = 1): Happening {
  return { type: 'scenario-defined', name, target, action, revision };
}

/** The end of the grace of a model's present (or any other) episode of being missing. */
export function graceOver(world: World, model: string, episode?: number): Happening {
  return { type: 'grace-over', model, episode: episode ?? world.view.record('model', model)?.missing ?? 0 };
}

export function offload(model: string, id: string, accepted: boolean, targetNode: string): Happening {
  const texts = { sourceNode: 'n1', detail: `to ${targetNode}`, source: 'policymanager' };
  return { type: 'offload-answered', model, id, accepted, targetNode, ...texts };
}

/** A resource's state; null if it has none. */
export function stateOf(world: World, kind: ResourceKind, name: string): ResourceState | null {
  return world.view.record(kind, name)?.state ?? null;
}
