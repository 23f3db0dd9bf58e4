import {
  decide,
  type ContainerFacts,
  type ContainerState,
  type Fleet,
  type Hypothesis,
  type Input,
  type Rejection,
  type ReportedContainer,
  type RuleOptions,
} from '../src/index.ts';
import { naiveContainer } from './naive-rules.ts';
import type { Happening } from './world.ts';

/** What every node reported last, in Podman's own words. */
export type Words = ReadonlyMap<string, readonly ReportedContainer[]>;

/** What Podman says of a container in each state: deliberately other words than a simulation would choose. */
const PODMAN_SAYS: Readonly<Record<ContainerState, Partial<ContainerFacts>>> = {
  Dead: { status: 'exited', exitCode: 137, oomKilled: true },
  Paused: { status: 'paused' },
  Exited: { status: 'stopped', exitCode: 0 },
  Running: { status: '', running: true },
  Initialized: { status: 'initialized' },
  Created: { status: 'configured' },
  Unknown: { status: 'in a state that no rule knows' },
};

/** A container as a node would report it in a state. */
export function containerIn(model: string, name: string, state: ContainerState): ReportedContainer {
  const usual = { status: '', running: false, dead: false, oomKilled: false, exitCode: undefined };
  return { model, name, ...usual, ...PODMAN_SAYS[state] };
}

/** Keeps the nodes' words up with an input that was accepted. */
export function hearWords(words: Map<string, readonly ReportedContainer[]>, input: Input): void {
  if (input.type === 'report') words.set(input.node, input.containers);
  if (input.type === 'node-forgotten') words.delete(input.node);
}

/**
 * Lets hypotheses happen for real: what peers would send is decided and absorbed by the fleet itself, one input after
 * the other, and then the graces of what was lost come to their end. The first refusal ends it.
 */
export function happenForReal(
  fleet: Fleet,
  before: Words,
  hypotheses: readonly Hypothesis[],
  options: RuleOptions,
): Rejection | undefined {
  const words = new Map(before);
  let at = 1_000_000;
  const hear = (happening: Happening): Rejection | undefined => {
    const input: Input = { ...happening, at: (at += 1) };
    const decision = decide(fleet, input, options);
    if (!decision.accepted) return decision;
    if (decision.changes !== undefined) fleet.absorb(decision.changes);
    hearWords(words, input);
    return undefined;
  };
  const lost: string[] = [];
  for (const [i, hypothesis] of hypotheses.entries()) {
    if (hypothesis.type === 'node-lost') lost.push(...(words.get(hypothesis.node) ?? []).map(({ model }) => model));
    const rejection = hear(happeningOf(hypothesis, i, words, options));
    if (rejection !== undefined) return rejection;
  }
  for (const model of lost) {
    const episode = fleet.record('model', model)?.missing;
    if (episode !== undefined) hear({ type: 'grace-over', model, episode });
  }
  return undefined;
}

function happeningOf(hypothesis: Hypothesis, i: number, words: Words, options: RuleOptions): Happening {
  switch (hypothesis.type) {
    case 'node-lost':
      return { type: 'report', node: hypothesis.node, containers: [] };
    case 'container':
      return { type: 'report', node: hypothesis.node, containers: wordWith(hypothesis, words, options) };
    case 'model': {
      const { name, state } = hypothesis;
      const texts = { currentState: '', targetState: state, transitionId: `for-real-${i}`, source: 'apiserver' };
      return { type: 'change', kind: 'model', name, ...texts, stamped: true };
    }
    case 'package-defined':
    case 'scenario-defined':
      return { ...hypothesis, revision: 1000 + i };
  }
}

/** The node's word with the one container in that state. One that is in it already says what it said. */
function wordWith(
  { node, model, name, state }: Extract<Hypothesis, { type: 'container' }>,
  words: Words,
  { cleanExitCodes }: RuleOptions,
): readonly ReportedContainer[] {
  const word = words.get(node) ?? [];
  const others = word.filter((c) => c.model !== model || c.name !== name);
  const same = word.filter((c) => !others.includes(c)).find((c) => naiveContainer(c, cleanExitCodes) === state);
  return [...others, same ?? containerIn(model, name, state)];
}
