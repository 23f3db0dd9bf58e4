import { STATES, RESOURCE_KINDS, type Fleet, type Input, type ResourceKind } from '@statemanager/state-machine';
import type { SentReconcile } from '../grpc/sender.ts';
import type { Committed, DurableBatch, Follower, Outcome } from '../manager.ts';
import type { Histograms } from './histograms.ts';

/** What becomes of an input that is decided. */
export const INPUT_RESULTS = ['changed', 'unchanged', 'refused'] as const;
export type InputResult = (typeof INPUT_RESULTS)[number];

/** The kinds of input but reports, which are counted by themselves. */
export type OtherInput = Exclude<Input['type'], 'report'>;

/** What a resource without a state is called where states are counted. */
export const REMOVED = 'removed';

type Counts<K extends string> = Record<K, number>;

/**
 * Counts what happens, in plain numbers that are read when somebody asks. It follows the manager: what it hears is once a
 * batch, never once a report that says nothing new.
 */
export class Tally implements Follower {
  readonly reports: Counts<InputResult> = noResults();
  readonly inputs: Readonly<Record<OtherInput, Counts<InputResult>>> = byInput();
  /** Transitions that this process decided, by what the resource became. */
  readonly transitions: Readonly<Record<ResourceKind, Map<string, number>>> = byState(true);
  /** Resources of the view, whoever keeps it up. */
  readonly resources: Readonly<Record<ResourceKind, Map<string, number>>> = byState(false);
  readonly reconciles = noOutcomes();
  commitsCount = 0;
  /** Elections that were won. */
  electionsCount = 0;
  /** Terms in which something was decided: an election may be lost again before. */
  termsCount = 0;
  /** How often another process was seen to have become the leader. */
  leaderChangesCount = 0;
  /** When each package's intent was made, oldest first; in milliseconds since 1970. */
  readonly #intents = new Map<string, number>();
  readonly #histograms: Histograms;
  #view: Fleet | undefined;

  constructor(histograms: Histograms) {
    this.#histograms = histograms;
  }

  /** The view; undefined while there is none. */
  get view(): Fleet | undefined {
    return this.#view;
  }

  get intentsCount(): number {
    return this.#intents.size;
  }

  /** When the oldest intent was made, in milliseconds since 1970; undefined if there is none. */
  get oldestIntentAt(): number | undefined {
    const [since] = this.#intents.values();
    return since;
  }

  /** A call to ActionController has ended. */
  readonly answered = (outcome: SentReconcile['outcome'], tookMs: number): void => {
    this.reconciles[outcome] += 1;
    this.#histograms.reconcile.observe(tookMs / 1000);
  };

  onView(view: Fleet): void {
    this.#view = view;
    for (const kind of RESOURCE_KINDS) {
      const counts = this.resources[kind];
      for (const state of counts.keys()) counts.set(state, 0);
      for (const name of view.names(kind)) {
        const state = view.record(kind, name)?.state;
        if (state) add(counts, state, 1);
      }
    }
    this.#intents.clear();
    const intents = [...view.names('intent')].map((name) => [name, view.intent(name)?.since ?? 0] as const);
    for (const [name, since] of intents.sort(([, a], [, b]) => a - b)) this.#intents.set(name, since);
  }

  onMirrored({ transitions, changes }: Committed): void {
    for (const { kind, from, to } of transitions) {
      if (from !== null) add(this.resources[kind], from, -1);
      if (to !== null) add(this.resources[kind], to, 1);
    }
    for (const [name, intent] of changes.changedIntents()) {
      if (intent !== undefined && this.#intents.get(name) === intent.since) continue;
      // A new one goes to the end, where the newest are.
      this.#intents.delete(name);
      if (intent !== undefined) this.#intents.set(name, intent.since);
    }
  }

  onCommit(committed: Committed): void {
    this.onMirrored(committed);
    for (const { kind, from, to } of committed.transitions) {
      // What is only noted moves nothing.
      if (from !== to) add(this.transitions[kind], to ?? REMOVED, 1);
    }
  }

  onBatch({ outcomes, operationsCount, commitMs }: DurableBatch): void {
    const now = performance.now();
    let since = now;
    for (const [entry, outcome] of outcomes) {
      since = Math.min(since, entry.since);
      this.#countsOf(entry.input)[resultOf(outcome)] += 1;
    }
    const { commit, operations, inputs, wait } = this.#histograms;
    if (outcomes.size > 0) wait.observe((now - since) / 1000);
    if (commitMs === undefined) return;
    this.commitsCount += 1;
    commit.observe(commitMs / 1000);
    operations.observe(operationsCount);
    inputs.observe(outcomes.size);
  }

  onLeader(leader: unknown): void {
    if (leader !== undefined) this.leaderChangesCount += 1;
  }

  onTerm(): readonly [] {
    this.electionsCount += 1;
    return [];
  }

  onServing(): void {
    this.termsCount += 1;
  }

  #countsOf({ type }: Input): Counts<InputResult> {
    return type === 'report' ? this.reports : this.inputs[type];
  }
}

function resultOf(outcome: Outcome): InputResult {
  if (!outcome.accepted) return 'refused';
  return outcome.changes === undefined ? 'unchanged' : 'changed';
}

function noResults(): Counts<InputResult> {
  return { changed: 0, unchanged: 0, refused: 0 };
}

function byInput(): Record<OtherInput, Counts<InputResult>> {
  return {
    change: noResults(),
    'package-defined': noResults(),
    'package-undefined': noResults(),
    'scenario-defined': noResults(),
    'scenario-undefined': noResults(),
    'grace-over': noResults(),
    'offload-answered': noResults(),
    'offload-over': noResults(),
    'attempt-started': noResults(),
    'attempt-ended': noResults(),
    'backoff-over': noResults(),
    'node-forgotten': noResults(),
    'node-silent': noResults(),
    'resource-deleted': noResults(),
    'reconcile-paused': noResults(),
    'reconcile-resumed': noResults(),
    leading: noResults(),
  };
}

function noOutcomes(): Counts<SentReconcile['outcome']> {
  return { accepted: 0, refused: 0, failed: 0, unreachable: 0 };
}

/** Every state from the beginning, so that whoever looks at a rate sees the first one. */
function byState(withRemoved: boolean): Record<ResourceKind, Map<string, number>> {
  const of = (kind: ResourceKind): Map<string, number> =>
    new Map([...STATES[kind], ...(withRemoved ? [REMOVED] : [])].map((state) => [state, 0]));
  return { scenario: of('scenario'), package: of('package'), model: of('model') };
}

function add(counts: Map<string, number>, state: string, by: number): void {
  counts.set(state, (counts.get(state) ?? 0) + by);
}
