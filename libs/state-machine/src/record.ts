import type { Observation } from './container.ts';
import type { ModelState, PackageState, ResourceKind, ResourceState, ScenarioState } from './resource.ts';

/** A change request that was applied: repeating it repeats the answer. */
export interface AppliedChange {
  readonly id: string;
  readonly target: ResourceState;
}

/** How many applied changes each resource remembers. */
export const APPLIED_CHANGES_COUNT = 32;

/** What is remembered of one resource. All texts are for people, but `rule`, which is an id. */
interface ResourceRecord<S extends ResourceState> {
  /** null: it has no state (it is only named, or was removed). */
  readonly state: S | null;
  /** When it came into this state, in milliseconds since 1970; 0 if it never had one. */
  readonly since: number;
  /** The rule that gives the state. */
  readonly rule: string;
  /** What moved it, in words. */
  readonly cause: string;
  /** Who moved it: a component's source, `node/<name>`, `definition`, or `statemanager`. */
  readonly source: string;
  /** How many history entries it has had, in all its lives. */
  readonly generation: number;
  /** The last {@link APPLIED_CHANGES_COUNT} applied changes, oldest first. */
  readonly applied: readonly AppliedChange[];
  /** It has a history and no state (any more). Kept for a while, so that its generation goes on. */
  readonly removed?: true;
}

/** What is remembered of a scenario. */
export interface ScenarioRecord extends ResourceRecord<ScenarioState> {
  readonly definition?: ScenarioDefinition;
}

/** What matters of a `Scenario/<name>` document. */
export interface ScenarioDefinition {
  /** The document's revision in the store. */
  readonly revision: number;
  /** The package it is about; empty if the document names none. */
  readonly target: string;
  /** What it does with the package: launch, terminate, update and so on; empty if the document does not say. */
  readonly action: string;
}

/** What is remembered of a package. */
export interface PackageRecord extends ResourceRecord<PackageState> {
  readonly definition?: PackageDefinition;
  readonly backoff?: ReconcileBackoff;
  /** An operator wants nothing to be asked for it. */
  readonly reconcilePaused?: true;
}

/** What matters of a `Package/<name>` document. */
export interface PackageDefinition {
  /** The document's revision in the store. */
  readonly revision: number;
  /** The models it names, each once. */
  readonly models: readonly string[];
}

/** What a package's reconciles have cost so far. It outlives the intent, so that a crash loop cannot hammer. */
export interface ReconcileBackoff {
  /** Attempts that reached ActionController since the backoff was last forgotten. */
  readonly attempts: number;
  /** The id of the package's last intent. */
  readonly intent: string;
}

/** What is remembered of a model. */
export interface ModelRecord extends ResourceRecord<ModelState> {
  /** Set while no node reports a container of it and the grace is not over: which such episode this is. */
  readonly missing?: number;
  /** How many times it went missing, so that the end of an old grace is told from that of the present one. */
  readonly episodes?: number;
  /** It is Running only because of a container whose state is Unknown. */
  readonly doubt?: true;
  /** Set while an accepted offload of it runs. */
  readonly offload?: Offload;
  /** When something was last noted in its history that was no change of state, in milliseconds since 1970. */
  readonly noted?: number;
}

/** An offload that ActionController accepted. */
export interface Offload {
  readonly id: string;
  readonly targetNode: string;
}

/** The record of each kind. */
export interface RecordOf {
  scenario: ScenarioRecord;
  package: PackageRecord;
  model: ModelRecord;
}

/** What a node said last. */
export interface NodeRecord {
  /** When its word last changed, in milliseconds since 1970. */
  readonly observedAt: number;
  /** Its containers, in the order of `compareObservations`. */
  readonly containers: readonly Observation[];
}

/** The durable wish that ActionController reconciles a package. */
export interface Intent {
  /** `<package>/<generation>` of the transition that made it. */
  readonly id: string;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  /** Calls that reached ActionController, one that runs now included. */
  readonly attempts: number;
  readonly lastAttempt?: Attempt;
}

/** How an attempt at an intent ended. `started`: it runs, or the process died meanwhile. */
export type AttemptOutcome = 'started' | 'accepted' | 'refused' | 'failed' | 'unreachable';

/** One call to ActionController for an intent. */
export interface Attempt {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly outcome: AttemptOutcome;
  /** What ActionController said, or why it could not be asked. */
  readonly detail: string;
}

/** One entry of a resource's history. */
export interface Transition {
  readonly kind: ResourceKind;
  readonly name: string;
  /** null: it had no state. */
  readonly from: ResourceState | null;
  /** null: it was removed. Equal to `from` for what is only noted, such as an offload. */
  readonly to: ResourceState | null;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly rule: string;
  readonly cause: string;
  readonly source: string;
  /** The request's id, if a request led to it. */
  readonly transitionId?: string;
  /** The resource's generation after it. */
  readonly generation: number;
}

/** How many history entries each resource keeps: the slot of a generation is `generation mod HISTORY_COUNT`. */
export const HISTORY_COUNT = 64;

const BLANK = {
  state: null,
  since: 0,
  rule: '',
  cause: '',
  source: '',
  generation: 0,
  applied: [],
} as const;

/** The record of a resource that is not known yet. */
export function blankRecord<K extends ResourceKind>(_kind: K): RecordOf[K] {
  return BLANK;
}
