import type { ContainerState } from './resource.ts';

/** What Podman says of one container, as far as the rules look at it. Texts are as Podman gives them. */
export interface ContainerFacts {
  /** Podman's `Status`, in lower case; empty if it gives none. */
  readonly status: string;
  readonly running: boolean;
  readonly dead: boolean;
  readonly oomKilled: boolean;
  /** Podman's `ExitCode`; undefined if it gives none, NaN if it is no number. */
  readonly exitCode: number | undefined;
}

/** Exit codes that count as clean; RULES: `--clean-exit-codes`. */
export type CleanExitCodes = ReadonlySet<number>;

export interface ContainerRule {
  readonly id: ContainerRuleId;
  readonly state: ContainerState;
  /** The condition in words, as the tables in the documentation show it. */
  readonly says: string;
  readonly when: (facts: ContainerFacts, clean: CleanExitCodes) => boolean;
}

const ended = (status: string): boolean => status === 'exited' || status === 'stopped' || status === 'removing';

/** First match wins. */
export const CONTAINER_RULES = [
  {
    id: 'container.dead',
    state: 'Dead',
    says: 'Status is dead, or Dead is true; or Status is exited, stopped or removing and the exit code is given and not clean, or OOMKilled is true',
    when: (f, clean) =>
      f.status === 'dead' ||
      f.dead ||
      (ended(f.status) && (f.oomKilled || (f.exitCode !== undefined && !clean.has(f.exitCode)))),
  },
  {
    id: 'container.silent',
    state: 'Dead',
    says: 'never by what Podman says: its node reports regularly, fell silent, and silence counts as Dead',
    when: () => false,
  },
  { id: 'container.paused', state: 'Paused', says: 'Status is paused', when: (f) => f.status === 'paused' },
  {
    id: 'container.exited',
    state: 'Exited',
    says: 'Status is exited, stopped or removing, with a clean exit code or none',
    when: (f) => ended(f.status),
  },
  {
    id: 'container.running',
    state: 'Running',
    says: 'Status is running, restarting or stopping; or there is no Status and Running is true',
    when: (f) =>
      f.status === 'running' || f.status === 'restarting' || f.status === 'stopping' || (f.status === '' && f.running),
  },
  {
    id: 'container.initialized',
    state: 'Initialized',
    says: 'Status is initialized',
    when: (f) => f.status === 'initialized',
  },
  {
    id: 'container.created',
    state: 'Created',
    says: 'Status is created or configured',
    when: (f) => f.status === 'created' || f.status === 'configured',
  },
  { id: 'container.unknown', state: 'Unknown', says: 'anything else', when: () => true },
] as const satisfies readonly {
  id: string;
  state: ContainerState;
  says: string;
  when: (facts: ContainerFacts, clean: CleanExitCodes) => boolean;
}[];

/** The id of one of {@link CONTAINER_RULES}. */
export type ContainerRuleId = (typeof CONTAINER_RULES)[number]['id'];

const rules: readonly ContainerRule[] = CONTAINER_RULES;
const stateByRule = Object.fromEntries(rules.map((rule) => [rule.id, rule.state])) as Record<
  ContainerRuleId,
  ContainerState
>;

/** The rule that decides a container's state. */
export function classifyContainer(facts: ContainerFacts, clean: CleanExitCodes): ContainerRuleId {
  for (const rule of rules) if (rule.when(facts, clean)) return rule.id;
  throw new Error('the container rules end with one that always holds');
}

/** The state that a container rule gives. */
export function containerStateOf(ruleId: ContainerRuleId): ContainerState {
  return stateByRule[ruleId];
}

/** Whether a text is a container rule's id. */
export function isContainerRuleId(text: string): text is ContainerRuleId {
  return rules.some((rule) => rule.id === text);
}

/** One container as it is remembered: enough to decide with, and to say why. */
export interface Observation {
  readonly model: string;
  readonly name: string;
  readonly rule: ContainerRuleId;
  /** Given for containers that are Dead or Exited, if Podman gave one. */
  readonly exitCode?: number;
  readonly oomKilled?: true;
  /** Since when its node says so, in milliseconds since 1970: what the report that said it first came with. */
  readonly since: number;
}

/** Whether two observations of one container say the same, since whenever they do. */
export function sameObservation(a: Observation, b: Observation): boolean {
  return (
    a.name === b.name &&
    a.rule === b.rule &&
    a.model === b.model &&
    a.exitCode === b.exitCode &&
    a.oomKilled === b.oomKilled
  );
}

/** Orders observations by model, then by name: the one order in which a node's word is kept and compared. */
export function compareObservations(a: Observation, b: Observation): number {
  if (a.model !== b.model) return a.model < b.model ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  if (a.rule !== b.rule) return a.rule < b.rule ? -1 : 1;
  if (a.exitCode !== b.exitCode) return (a.exitCode ?? -Infinity) < (b.exitCode ?? -Infinity) ? -1 : 1;
  return Number(a.oomKilled ?? false) - Number(b.oomKilled ?? false);
}

/** One container's observation in words: `app is Dead: exit code 137, OOM killed`. */
export function describeObservation(o: Observation): string {
  const why: string[] = [];
  if (o.exitCode !== undefined) why.push(`exit code ${o.exitCode}`);
  if (o.oomKilled) why.push('OOM killed');
  if (o.rule === 'container.silent') why.push('its node is silent');
  const state = containerStateOf(o.rule);
  return why.length === 0 ? `${o.name} is ${state}` : `${o.name} is ${state}: ${why.join(', ')}`;
}
