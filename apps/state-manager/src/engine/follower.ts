import type { Fleet, Input, ResourceKind, Transition } from '@statemanager/state-machine';
import type { Candidate, Leadership } from '@statemanager/state-store';
import type { DecidedBatch } from './decide-batch.ts';

/** A commit, for whoever follows. */
export interface Committed {
  readonly revision: number;
  readonly transitions: readonly Transition[];
  /** The records that changed, laid over the view before. */
  readonly changes: Fleet;
  /** How much was put into the store; undefined of another process's commit. */
  readonly bytes?: number;
}

/** While this process leads: what it knows, and when that ends. */
export interface Term {
  readonly leadership: Leadership;
  /** The committed view. It is kept up; read it, and do not keep what it gave. */
  readonly view: Fleet;
  /** Aborts when the term ends. */
  readonly ended: AbortSignal;
}

/** The store's revisions that a view was loaded with. */
export interface LoadedRevisions {
  /** Of the whole view. */
  readonly revision: number;
  /** Of a resource's record, or a node's word: its last change. */
  readonly revisionOf: (kind: ResourceKind | 'node', name: string) => number;
}

/** Inputs that were decided together, and are durable. */
export interface DurableBatch {
  readonly outcomes: DecidedBatch['outcomes'];
  /** What was put and deleted in the store, the fence not counted. */
  readonly operationsCount: number;
  /** How long the store took, every try included, in milliseconds; undefined if nothing had to be committed. */
  readonly commitMs: number | undefined;
}

/** A node that was heard, whether or not it said anything new. */
export interface Heard {
  readonly node: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** Whoever has to act on what becomes true. Only `onTerm` may throw. */
export interface Follower {
  /** A view was loaded, by whoever leads or to follow one who does. It is kept up; read it. */
  onView?(view: Fleet, loaded: LoadedRevisions): void;
  /** Another process committed; the view says so. */
  onMirrored?(committed: Committed): void;
  /** Another process leads from now on; undefined: nobody does, as far as it is known. */
  onLeader?(leader: Candidate | undefined): void;
  /** A report waits, and this process does not lead. */
  onWaiting?(): void;
  /** This process leads from now on; a term begins. What it returns is decided before anything that waits. */
  onTerm?(term: Term): Promise<readonly Input[]> | readonly Input[];
  /** Reports were decided, and what follows is durable; before {@link onCommit}. */
  onHeard?(heard: readonly Heard[]): void;
  onCommit?(committed: Committed): void;
  /** How long the next commit is to wait, in milliseconds, after one that took the store so long. */
  pauseMs?(tookMs: number): number;
  /** This process decided inputs, and what follows is durable; after {@link onCommit}. */
  onBatch?(batch: DurableBatch): void;
  /** What is submitted is decided at once from now on, until {@link onTermEnd}. */
  onServing?(): void;
  onTermEnd?(): void;
}
