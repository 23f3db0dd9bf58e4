import { setTimeout as sleep } from 'node:timers/promises';
import {
  confirmReport,
  RESOURCE_KINDS,
  type Fleet,
  type Input,
  type Report,
  type ResourceKind,
  type RuleOptions,
  type StateNames,
} from '@statemanager/state-machine';
import type { Candidate, KeyValueStore, Leadership, StoreError } from '@statemanager/state-store';
import { commitFenced, fencedCommit } from './engine/commit-fenced.ts';
import { FULL_LIMITS, heardAfter, type DecidedBatch, type Outcome } from './engine/decide-batch.ts';
import { EngineError } from './engine/engine-error.ts';
import type { Committed, Follower, Heard, Term } from './engine/follower.ts';
import type { InputQueue } from './engine/input-queue.ts';
import { Intake, type IntakeOptions, type SubmitOptions } from './engine/intake.ts';
import { loadView } from './engine/load-view.ts';
import { Mirror } from './engine/mirror.ts';
import { Pipeline, type Durable } from './engine/pipeline.ts';
import { sayWaiting } from './engine/say-waiting.ts';
import { TransitionLog } from './log-transitions.ts';
import type { Logger } from './log.ts';

export type { Committed, DurableBatch, Follower, Heard, LoadedRevisions, Term } from './engine/follower.ts';
export type { Outcome, SubmitOptions };

export interface ManagerOptions extends IntakeOptions {
  readonly store: KeyValueStore;
  readonly rules: RuleOptions;
  readonly stateNames: StateNames;
  readonly log: Logger;
}

const RETRY_MS = { least: 50, most: 1000 };

/** A commit may take this share of `answerWithinMs` before what waits behind it may be withdrawn again. */
const PATIENT_SHARE = 0.1;

/** How often a stop looks whether there is anything left to finish. */
const LOOK_EVERY_MS = 10;

/** So long an election may take before the view is loaded to follow whoever leads: alone, nobody waits longer. */
const FOLLOW_AFTER_MS = 100;

/** So long a new leader waits until it has seen everything that was committed before; then it loads the view anew. */
const REACH_WITHIN_MS = 2000;

/** How many state keys are put right in one transaction: even with the longest names it is a small one. */
const REPAIRS_AT_ONCE_COUNT = 1000;

/**
 * The engine: inputs enter one queue, are decided in their order against one view, and become true in one fenced
 * transaction, after which they are answered. While a transaction is in flight the next inputs gather.
 */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #intake: Intake<Outcome>;
  readonly #mirror: Mirror;
  readonly #followers: Follower[] = [];
  readonly #transitionLog: TransitionLog;
  readonly #lastHeard = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #killed = new AbortController();
  /** Aborts when a stop has nothing left to finish. */
  readonly #finished = new AbortController();
  #limits = FULL_LIMITS;
  /** The term in which inputs are decided, and what decides them. */
  #serving: { readonly term: Term; readonly pipeline: Pipeline } | undefined;
  /** Whether anything was decided since the last try to lead began. */
  #hasServed = false;
  #running: Promise<void> | undefined;
  #candidate: Candidate | undefined;
  /** Reports that were answered by {@link confirm}. */
  confirmedCount = 0;
  /** How long commits were held up because a follower wanted it, in milliseconds. */
  pausedMs = 0;
  /** Reports that could not be read, for whoever reads them to count. */
  malformedCount = 0;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#intake = new Intake(options);
    this.#transitionLog = new TransitionLog(options.log);
    this.#mirror = new Mirror({
      ...options,
      ownId: () => this.#candidate?.id,
      followers: this.#followers,
    });
    this.#followers.push({
      onLeader: (leader) => {
        if (leader !== undefined) this.#intake.refer();
      },
    });
  }

  /** Whether this process leads, and decides at once what is submitted. */
  get leads(): boolean {
    return this.#serving !== undefined;
  }

  /** Who else leads, as far as the store says; undefined if nobody does, or this process. */
  get leader(): Candidate | undefined {
    return this.#mirror.leader;
  }

  /** Reports that wait for a leader, for whoever brings them there. */
  get queue(): InputQueue<Outcome> {
    return this.#intake.queue;
  }

  /** Adds a follower. To be called before {@link start}. */
  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Begins to lead, as soon as nobody else does. Inputs may be submitted before: they wait. */
  start(candidate: Candidate): void {
    this.#candidate = candidate;
    this.#running ??= this.#run(candidate);
  }

  /**
   * Decides an input. Resolves when everything that follows is durable, with the decision or the rejection.
   *
   * Throws EngineError. Reports, changes and notes of offloads are answered within `answerWithinMs`; whatever else is
   * ours waits as long as it takes, or until the term ends in which it was said. A report that was not decided in time
   * stays queued: its NodeAgent will not repeat it. A change is withdrawn.
   */
  submit(input: Input, options?: SubmitOptions): Promise<Outcome> {
    if (this.leads || input.type !== 'report') return this.#intake.submit(input, options);
    const outcome = this.#intake.submit(input, options);
    this.#intake.queue.holdReport(input.node);
    for (const follower of this.#followers) follower.onWaiting?.();
    return outcome;
  }

  /**
   * Answers a report that says nothing new at once, with what deciding it would say; undefined if it has to be submitted.
   * Only where nothing about its node waits or is being committed: a report is the last word about its node.
   */
  confirm(report: Report): string | undefined {
    const { term, pipeline } = this.#serving ?? {};
    if (term === undefined || pipeline === undefined) return undefined;
    if (this.#intake.isClosed || !term.leadership.isCurrent()) return undefined;
    if (this.#intake.queue.concerns(report.node) || pipeline.concerns(report.node)) return undefined;
    const decision = confirmReport(term.view, report, this.#options.rules);
    if (decision === undefined) return undefined;
    this.confirmedCount += 1;
    this.#lastHeard.set(report.node, heardAfter(this.#lastHeard.get(report.node) ?? 0, report));
    for (const follower of this.#followers) follower.onHeard?.([{ node: report.node, at: report.at }]);
    return decision.message;
  }

  /** Finishes what was accepted, for at most `drainMs`, gives up the leadership and ends. */
  async stop(drainMs: number): Promise<void> {
    this.#intake.close();
    this.#stopping.abort();
    const timer = setTimeout(() => this.#killed.abort(), drainMs);
    // What waits may be decided here, or taken to another leader.
    const look = setInterval(() => this.#lookForEnd(), LOOK_EVERY_MS);
    this.#lookForEnd();
    await this.#running;
    clearInterval(look);
    clearTimeout(timer);
    this.#transitionLog.flush();
    this.#intake.end();
  }

  async #run(candidate: Candidate): Promise<void> {
    const { log } = this.#options;
    let waitMs = RETRY_MS.least;
    while (!this.#isOver()) {
      try {
        this.#hasServed = false;
        await this.#leadOnce(candidate);
      } catch (error) {
        if (this.#isOver()) return;
        if (this.#hasServed) waitMs = RETRY_MS.least;
        log.warn({ err: error, againInMs: waitMs }, 'not leading; trying again');
        await sleep(waitMs, undefined, { signal: this.#killed.signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, RETRY_MS.most);
      }
    }
  }

  /** One term, from the election to its end. */
  async #leadOnce(candidate: Candidate): Promise<void> {
    const { log } = this.#options;
    const { leadership, view } = await this.#beElected(candidate);
    const ended = new AbortController();
    try {
      await this.#lead(leadership, view, ended.signal);
    } finally {
      ended.abort();
      for (const follower of this.#followers) follower.onTermEnd?.();
      this.#intake.endTerm();
      await leadership
        .resign()
        .catch((error: unknown) => log.warn({ err: error }, 'the leadership could not be given up'));
    }
  }

  /** Waits until this process leads, and follows whoever does meanwhile. Resolves with the view if it is known by then. */
  async #beElected(candidate: Candidate): Promise<{ leadership: Leadership; view: Fleet | undefined }> {
    const elected = new AbortController();
    let following: Promise<void> | undefined;
    const follow = (): void => void (following = this.#mirror.follow(elected.signal));
    const timer = setTimeout(follow, FOLLOW_AFTER_MS);
    try {
      const { store, log } = this.#options;
      const signal = AbortSignal.any([this.#finished.signal, this.#killed.signal]);
      const leadership = await sayWaiting(store.lead(candidate, { signal }), store, log);
      clearTimeout(timer);
      this.#mirror.lead();
      // Who never had to wait may have missed what another one committed in between.
      const isCurrent = following !== undefined && (await this.#catchUp(leadership));
      return { leadership, view: isCurrent ? this.#mirror.view : undefined };
    } finally {
      clearTimeout(timer);
      elected.abort();
      await following;
    }
  }

  /** Resolves with whether the view says all that the store said when the leadership was taken. */
  async #catchUp({ fence, lost }: Leadership): Promise<boolean> {
    if (this.#mirror.view === undefined) return false;
    const signal = AbortSignal.any([lost, this.#killed.signal]);
    return await this.#mirror.reach(fence, REACH_WITHIN_MS, signal);
  }

  async #lead(leadership: Leadership, known: Fleet | undefined, ended: AbortSignal): Promise<void> {
    const { log, store } = this.#options;
    const began = performance.now();
    const over = AbortSignal.any([leadership.lost, this.#killed.signal]);
    const { view, fence } =
      known === undefined ? await this.#load(leadership, over) : { view: known, fence: leadership.fence };
    const term: Term = { leadership, view, ended };
    const first: Input[] = [
      { type: 'leading', packages: packagesWithIntents(view, this.#options.rules), at: Date.now() },
    ];
    for (const follower of this.#followers) {
      // One at a time: a call takes some 100,000 arguments at the most.
      for (const input of (await follower.onTerm?.(term)) ?? []) first.push(input);
    }
    const ms = Math.round(performance.now() - began);
    log.info({ store: store.name, ms, nodes: view.count('node'), states: countStates(view) }, 'leading: view loaded');
    const since = performance.now();
    const entries = first.map((input) => ({ input, tickets: new Set<never>(), since, tookPlace: false, taken: true }));
    this.#intake.queue.putBack(entries);
    await this.#serve(term, fence, over);
  }

  /** Loads the view and puts right what the store says of it. Resolves with the fence after that. */
  async #load(leadership: Leadership, over: AbortSignal): Promise<{ view: Fleet; fence: string }> {
    const { log, store, stateNames } = this.#options;
    const loaded = await loadView(store, stateNames, Date.now());
    const { fleet: view, repairs, problems, mismatches } = loaded;
    for (const problem of [...problems, ...mismatches]) log.error({ problem }, 'bad value in the store');
    let { fence } = leadership;
    for (let i = 0; i < repairs.length; i += REPAIRS_AT_ONCE_COUNT) {
      const commit = fencedCommit(repairs.slice(i, i + REPAIRS_AT_ONCE_COUNT), fence);
      ({ fence } = await commitFenced(store, commit, over, log));
    }
    this.#mirror.adopt(view, loaded.revision);
    for (const follower of this.#followers) follower.onView?.(view, loaded);
    return { view, fence };
  }

  /** Decides and commits until the leadership or the process ends. Throws `deposed` if the former. */
  async #serve(term: Term, fence: string, over: AbortSignal): Promise<void> {
    const { leadership, view } = term;
    const { store, log, answerWithinMs, tracing } = this.#options;
    const pipeline = new Pipeline(
      {
        store,
        queue: this.#intake.queue,
        leadership,
        view,
        deciding: () => ({ ...this.#options, limits: this.#limits, lastHeard: this.#lastHeard }),
        onTooLarge: (batch, error) => this.#lowerLimits(batch, error),
        onDurable: (durable) => this.#follow(durable),
        pauseMs: (tookMs) => this.#pauseMs(tookMs),
        patienceMs: answerWithinMs * PATIENT_SHARE,
        tracing,
        log,
      },
      fence,
    );
    this.#serving = { term, pipeline };
    this.#hasServed = true;
    for (const follower of this.#followers) follower.onServing?.();
    try {
      await pipeline.run(() => this.#isOver(), AbortSignal.any([over, this.#stopping.signal]), over);
    } finally {
      this.#serving = undefined;
    }
  }

  #pauseMs(tookMs: number): number {
    let ms = 0;
    for (const follower of this.#followers) ms = Math.max(ms, follower.pauseMs?.(tookMs) ?? 0);
    this.pausedMs += ms;
    return ms;
  }

  #follow({ decided: { batch, outcomes }, committed }: Durable): void {
    this.#tellHeard(outcomes);
    if (committed !== undefined) this.#tellCommitted(batch, committed.revision);
    const durable = { outcomes, operationsCount: batch.operationsCount, commitMs: committed?.tookMs };
    for (const follower of this.#followers) follower.onBatch?.(durable);
  }

  #tellCommitted(batch: DecidedBatch['batch'], revision: number): void {
    this.#mirror.moved(revision);
    const { transitions, fleet: changes, bytes } = batch;
    this.#transitionLog.note(transitions, revision);
    const committed: Committed = { revision, transitions, changes, bytes };
    for (const follower of this.#followers) follower.onCommit?.(committed);
  }

  #tellHeard(outcomes: DecidedBatch['outcomes']): void {
    const heard: Heard[] = [];
    for (const [{ input }, { accepted }] of outcomes) {
      if (input.type === 'report' && accepted && input.held === undefined)
        heard.push({ node: input.node, at: input.at });
    }
    if (heard.length > 0) for (const follower of this.#followers) follower.onHeard?.(heard);
  }

  #lowerLimits({ operationsCount, bytes }: DecidedBatch['batch'], error: StoreError): void {
    this.#limits = { operationsCount: Math.floor(operationsCount / 2), bytes: Math.floor(bytes / 2) };
    this.#options.log.warn({ err: error, ...this.#limits }, 'the store takes smaller transactions than expected');
  }

  #lookForEnd(): void {
    if (this.#isOver()) this.#finished.abort(new EngineError('stopping', 'StateManager stops'));
  }

  #isOver(): boolean {
    return this.#killed.signal.aborted || (this.#stopping.signal.aborted && this.#intake.queue.size === 0);
  }
}

function packagesWithIntents(view: Fleet, rules: RuleOptions): readonly string[] {
  const names = new Set(view.names('intent'));
  for (const name of view.names('package')) {
    const state = view.record('package', name)?.state;
    if (state && rules.reconcileOn.has(state)) names.add(name);
  }
  return [...names];
}

/** How many resources of each kind are in each state. */
function countStates(view: Fleet): Record<ResourceKind, Record<string, number>> {
  const counts: Record<ResourceKind, Record<string, number>> = { scenario: {}, package: {}, model: {} };
  for (const kind of RESOURCE_KINDS) {
    for (const name of view.names(kind)) {
      const state = view.record(kind, name)?.state;
      if (state) counts[kind][state] = (counts[kind][state] ?? 0) + 1;
    }
  }
  return counts;
}
