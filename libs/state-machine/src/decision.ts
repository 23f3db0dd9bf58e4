import type { CleanExitCodes } from './container.ts';
import type { Fleet } from './fleet.ts';
import type { ReportedContainer } from './node-word.ts';
import type { AttemptOutcome, Transition } from './record.ts';
import type { PackageState, ResourceKind } from './resource.ts';
import type { Component } from './scenario.ts';

/** Everything that can happen to a fleet. `at` is when, in milliseconds since 1970: the rules have no clock. */
export type Input =
  | Report
  | ChangeRequest
  | PackageDefined
  | ScenarioDefined
  | { readonly type: 'package-undefined' | 'scenario-undefined'; readonly name: string; readonly at: number }
  | GraceOver
  | OffloadAnswered
  | { readonly type: 'offload-over'; readonly model: string; readonly id: string; readonly at: number }
  | { readonly type: 'attempt-started'; readonly packageName: string; readonly intent: string; readonly at: number }
  | AttemptEnded
  | { readonly type: 'backoff-over'; readonly packageName: string; readonly intent: string; readonly at: number }
  | NodeForgotten
  | NodeSilent
  | ResourceDeleted
  | ReconcileSteered
  | { readonly type: 'leading'; readonly packages: readonly string[]; readonly at: number };

/** A node said what its containers are. */
export interface Report {
  readonly type: 'report';
  readonly node: string;
  readonly containers: readonly ReportedContainer[];
  readonly at: number;
  /** It waited since `at` where nobody could decide it: whoever has heard of its node since then knows better. */
  readonly held?: true;
}

/** A component asks for a state. Texts are as they came. */
export interface ChangeRequest {
  readonly type: 'change';
  /** undefined: a kind that has no states, or none. */
  readonly kind: ResourceKind | undefined;
  readonly name: string;
  readonly currentState: string;
  readonly targetState: string;
  readonly transitionId: string;
  /** Whether the request's own timestamp is positive; it decides nothing else. */
  readonly stamped: boolean;
  readonly source: string;
  readonly at: number;
  /** As whom it is asked, where callers are known; undefined: nobody is asked who they are. */
  readonly asked?: Asker;
}

/** What somebody may ask for. */
export interface Asker {
  /** As these components, for scenarios. */
  readonly components: readonly Component[];
  /** For any state of these kinds. */
  readonly kinds: readonly Exclude<ResourceKind, 'scenario'>[];
}

/** A `Package/<name>` document appeared or changed. */
export interface PackageDefined {
  readonly type: 'package-defined';
  readonly name: string;
  readonly models: readonly string[];
  readonly revision: number;
  readonly at: number;
}

/** A `Scenario/<name>` document appeared or changed. */
export interface ScenarioDefined {
  readonly type: 'scenario-defined';
  readonly name: string;
  readonly target: string;
  readonly action: string;
  readonly revision: number;
  readonly at: number;
}

/** A model has been missing for longer than the grace; which time is told by `episode`. */
export interface GraceOver {
  readonly type: 'grace-over';
  readonly model: string;
  readonly episode: number;
  readonly at: number;
}

/** ActionController answered a request to offload a model. */
export interface OffloadAnswered {
  readonly type: 'offload-answered';
  readonly model: string;
  readonly id: string;
  readonly accepted: boolean;
  readonly sourceNode: string;
  readonly targetNode: string;
  /** What was asked for and answered, in words. */
  readonly detail: string;
  readonly source: string;
  readonly at: number;
}

/** An attempt to have a package reconciled came to an end. */
export interface AttemptEnded {
  readonly type: 'attempt-ended';
  readonly packageName: string;
  readonly intent: string;
  readonly outcome: Exclude<AttemptOutcome, 'started'>;
  readonly detail: string;
  readonly at: number;
}

/** An operator retires a node: as if it reported no containers, without grace, and its record goes. */
export interface NodeForgotten {
  readonly type: 'node-forgotten';
  readonly node: string;
  readonly source: string;
  readonly at: number;
}

/** A node that reports regularly has been silent for too long: nothing is known of what was alive on it. */
export interface NodeSilent {
  readonly type: 'node-silent';
  readonly node: string;
  /** When it was heard last; it is not silent any more if it was heard since. */
  readonly heardAt: number;
  readonly silentMs: number;
  readonly at: number;
}

/** An operator removes the state of a resource that only a request made. */
export interface ResourceDeleted {
  readonly type: 'resource-deleted';
  readonly kind: ResourceKind;
  readonly name: string;
  readonly source: string;
  readonly at: number;
}

/** An operator pauses a package's reconciles, or resumes them. */
export interface ReconcileSteered {
  readonly type: 'reconcile-paused' | 'reconcile-resumed';
  readonly packageName: string;
  readonly at: number;
}

/** How an operator has set the rules. */
export interface RuleOptions {
  readonly cleanExitCodes: CleanExitCodes;
  /** 0: a model that is missing is Dead at once. Whoever waits measures any other grace. */
  readonly missingGraceMs: number;
  /** What a model is when its grace is over. */
  readonly missingAs: 'Dead' | 'Exited';
  /** The package states that ask for a reconcile. */
  readonly reconcileOn: ReadonlySet<PackageState>;
  /** The most resources with a state of each kind, and the most nodes. */
  readonly maxResourcesCount: number;
  /** How many removed resources are remembered. */
  readonly removedKeptCount: number;
}

/** The rules as they are where nobody sets them; the service's settings have the same defaults. */
export const DEFAULT_RULE_OPTIONS: RuleOptions = {
  cleanExitCodes: new Set([0]),
  missingGraceMs: 5000,
  missingAs: 'Dead',
  reconcileOn: new Set<PackageState>(['Error']),
  maxResourcesCount: 1_000_000,
  removedKeptCount: 1000,
};

/** What an input changes. */
export interface Decision {
  readonly accepted: true;
  /** The changes, laid over the view that was asked; undefined if nothing changes. */
  readonly changes: Fleet | undefined;
  /** In the order in which they happen. */
  readonly transitions: readonly Transition[];
  /** What was done, in words. */
  readonly message: string;
}

/** Why an input changes nothing. Closed; the names are those of the wire's error codes. */
export type RejectionCode =
  | 'invalid_request'
  | 'resource_not_found'
  | 'invalid_state_transition'
  | 'precondition_failed'
  | 'resource_unavailable'
  | 'permission_denied';

/** The refusal to change anything. */
export interface Rejection {
  readonly accepted: false;
  readonly code: RejectionCode;
  /** What is wrong, and what would be right. */
  readonly details: string;
}

export function unchanged(message: string): Decision {
  return { accepted: true, changes: undefined, transitions: [], message };
}

export function reject(code: RejectionCode, details: string): Rejection {
  return { accepted: false, code, details };
}
