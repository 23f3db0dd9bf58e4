/*
 * Glossary. Every name in this workspace uses these words, and no synonyms of them.
 *
 * resource    a scenario, package or model: something that has a state of its own
 * scenario    when what should happen: set by the components, never derived
 * package     models that belong together; its state is rolled up from theirs
 * model       containers that belong together; its state is rolled up from theirs, on all nodes
 * container   what Podman runs; observed, never set
 * node        a machine whose NodeAgent reports containers
 * report      every container of one node, as its NodeAgent sees them: the whole truth about that node
 * change      a component's request for one resource to be in another state
 * state       what a resource or container is (never "status" or "phase", which are Podman's and ActionController's)
 * transition  a resource's step from one state to another; its generation is the number of them
 * rule        one row of a table here: an id, a state, and when it holds
 * roll-up     a state that follows from how many children are in which state
 * cascade     what a transition moves further up
 * view        everything that is known at one revision
 * record      what is remembered of one resource: its state, since when, and why
 * revision    the store's number of a commit
 * decision    what an input changes; a rejection is the refusal to change anything
 * commit      the transaction that makes decisions true
 * fence       the key that every commit compares and moves on, so that only one process can write
 * leader      the process that holds the fence
 * intent      the durable wish that ActionController reconciles a package
 * reconcile   to bring a package back to running
 */

/** The kinds of resource that have states. */
export const RESOURCE_KINDS = ['scenario', 'package', 'model'] as const;
/** A kind of resource that has states. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** What a scenario can be, in the order of the wire's enum. */
export const SCENARIO_STATES = ['Idle', 'Waiting', 'Satisfied', 'Allowed', 'Denied', 'Completed'] as const;
/** One of {@link SCENARIO_STATES}. */
export type ScenarioState = (typeof SCENARIO_STATES)[number];

/** What a package can be, in the order of the wire's enum. */
export const PACKAGE_STATES = ['Idle', 'Paused', 'Exited', 'Degraded', 'Error', 'Running'] as const;
/** One of {@link PACKAGE_STATES}. */
export type PackageState = (typeof PACKAGE_STATES)[number];

/** What a model can be, in the order of the wire's enum. */
export const MODEL_STATES = ['Created', 'Paused', 'Exited', 'Dead', 'Running'] as const;
/** One of {@link MODEL_STATES}. */
export type ModelState = (typeof MODEL_STATES)[number];

/** What a container can be. They are not on the wire, and nobody sets them. */
export const CONTAINER_STATES = ['Dead', 'Paused', 'Exited', 'Running', 'Initialized', 'Created', 'Unknown'] as const;
/** One of {@link CONTAINER_STATES}. */
export type ContainerState = (typeof CONTAINER_STATES)[number];

/** The states of each kind. */
export interface StateOf {
  scenario: ScenarioState;
  package: PackageState;
  model: ModelState;
}
/** A state of any kind. */
export type ResourceState = StateOf[ResourceKind];

/** The states of a kind, in the order of the wire's enum. */
export const STATES: { readonly [K in ResourceKind]: readonly StateOf[K][] } = {
  scenario: SCENARIO_STATES,
  package: PACKAGE_STATES,
  model: MODEL_STATES,
};

const statesByText: { readonly [K in ResourceKind]: ReadonlyMap<string, StateOf[K]> } = {
  scenario: byText('scenario', SCENARIO_STATES),
  package: byText('package', PACKAGE_STATES),
  model: byText('model', MODEL_STATES),
};

function byText<S extends string>(kind: ResourceKind, states: readonly S[]): ReadonlyMap<string, S> {
  return new Map(states.flatMap((s) => [s, `${kind}_state_${s}`].map((text) => [text.toLowerCase(), s] as const)));
}

/** Reads a state's name in any case, with or without the enum's prefix; undefined if it is none of the kind's. */
export function parseState<K extends ResourceKind>(kind: K, text: string): StateOf[K] | undefined {
  return statesByText[kind].get(text.toLowerCase());
}

/** How a state's name is written: bare (`Running`), or as the enum's value (`PACKAGE_STATE_RUNNING`). */
export type StateNames = 'bare' | 'enum';

/** Writes a state's name. {@link parseState} reads both spellings. */
export function formatState(kind: ResourceKind, state: ResourceState, names: StateNames): string {
  return names === 'bare' ? state : `${kind}_state_${state}`.toUpperCase();
}

/** The longest name of a resource or node, in characters. */
export const MAX_NAME_LENGTH = 253;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** Whether this can be the name of a resource or node: 1-253 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** What {@link isName} asks for, to be put after "must be". */
export const NAME_RULE = `1-${MAX_NAME_LENGTH} of A-Z a-z 0-9 . _ - and begin with a letter or digit`;
