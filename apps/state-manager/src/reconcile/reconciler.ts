import type { Fleet, Input, Intent } from '@statemanager/state-machine';
import type { Sender, SentReconcile } from '../grpc/sender.ts';
import type { Logger } from '../log.ts';
import type { Committed, Follower, Outcome, SubmitOptions, Term } from '../manager.ts';
import { MAX_TIMER_MS } from '../max-timer.ts';
import { attemptDelayMs, type BackoffOptions } from './backoff.ts';
import { findTarget } from './target.ts';

export interface ReconcilerOptions extends BackoffOptions {
  readonly inFlightCount: number;
  readonly sender: Sender;
  readonly submit: (input: Input, options?: SubmitOptions) => Promise<Outcome>;
  /** Hears how each call to ActionController went, and how long it took, in milliseconds. */
  readonly onAnswered?: (outcome: SentReconcile['outcome'], tookMs: number) => void;
  readonly log: Logger;
}

/** When an intent is tried next, and why it waits. */
export interface ReconcileState {
  /** In milliseconds since 1970; undefined while it waits for something else than its time. */
  readonly nextAttemptAt: number | undefined;
  /** In words; empty if nothing holds it but its time. */
  readonly waitsBecause: string;
}

/** One intent, and when it is tried next. */
interface Task {
  readonly packageName: string;
  intent: Intent;
  /** On the monotonic clock. */
  dueAt: number;
  /** Why it waits, if not for its time; looked at again when a scenario changes. */
  waitsFor: string | undefined;
  /** The last such reason that was logged. */
  saidWhy: string | undefined;
}

/**
 * Works through the intents, those that are due first: at most so many calls at once, one per package, each counted in
 * the store before it is made. It knows intents and not events, so that nothing is missed by a restart. While
 * ActionController cannot be reached nothing counts as an attempt, and all that is due is tried when it is back.
 */
export class Reconciler implements Follower {
  readonly #options: ReconcilerOptions;
  readonly #tasks = new Map<string, Task>();
  /** When each package was last asked for, on the monotonic clock: a new intent owes the wait of the one before. */
  readonly #askedAt = new Map<string, number>();
  /** The packages that a call runs for: one that died again meanwhile waits for it. */
  readonly #running = new Set<string>();
  #term: Term | undefined;
  #away = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** How many attempts run, and whether everything waits for ActionController, which cannot be reached. */
  get activity(): { readonly runningCount: number; readonly isAway: boolean } {
    return { runningCount: this.#running.size, isAway: this.#away };
  }

  onTerm(term: Term): readonly Input[] {
    this.#term = term;
    for (const name of term.view.names('intent')) this.#follow(term.view, name, term.view.intent(name));
    this.#pump();
    return [];
  }

  onCommit({ changes }: Committed): void {
    for (const [name, intent] of changes.changedIntents()) this.#follow(changes, name, intent);
    for (const [name, record] of changes.changedRecords('package')) {
      const task = this.#tasks.get(name);
      if (record?.backoff === undefined && task === undefined) this.#askedAt.delete(name);
      // Its reconciles may have been paused or resumed.
      if (task !== undefined) task.waitsFor = undefined;
    }
    for (const _ of changes.changedRecords('scenario')) {
      for (const task of this.#tasks.values()) task.waitsFor = undefined;
      break;
    }
    this.#pump();
  }

  /** When a package's intent is tried next, and why it waits. */
  status(packageName: string): ReconcileState {
    const task = this.#tasks.get(packageName);
    if (task === undefined) return { nextAttemptAt: undefined, waitsBecause: '' };
    if (this.#running.has(packageName)) return { nextAttemptAt: undefined, waitsBecause: 'an attempt runs' };
    const waitsBecause = this.#whyWaits(packageName);
    if (waitsBecause !== '') return { nextAttemptAt: undefined, waitsBecause };
    const leftMs = Math.max(0, task.dueAt - performance.now());
    return { nextAttemptAt: Date.now() + Math.round(leftMs), waitsBecause: '' };
  }

  /** Asked of the view, because a reason may come up before the time that it waits for. */
  #whyWaits(packageName: string): string {
    const target = this.#term && findTarget(this.#term.view, packageName);
    if (target?.type === 'wait') return target.why;
    return this.#away ? 'ActionController cannot be reached' : '';
  }

  /** Tries a package's intent now, whatever its backoff says. One that runs, or waits for a reason, is left alone. */
  retry(packageName: string): void {
    const task = this.#tasks.get(packageName);
    if (task === undefined || this.#running.has(packageName)) return;
    task.dueAt = performance.now();
    this.#pump();
  }

  onTermEnd(): void {
    this.#term = undefined;
    clearTimeout(this.#timer);
    this.#tasks.clear();
    this.#askedAt.clear();
    this.#away = false;
  }

  /** Takes note of an intent that was made, changed or ended. */
  #follow(view: Fleet, packageName: string, intent: Intent | undefined): void {
    const task = this.#tasks.get(packageName);
    if (intent === undefined) {
      this.#tasks.delete(packageName);
      return;
    }
    if (task?.intent.id === intent.id) {
      task.intent = intent;
      return;
    }
    const dueAt = this.#dueAfterLast(view, packageName, intent);
    this.#tasks.set(packageName, { packageName, intent, dueAt, waitsFor: undefined, saidWhy: undefined });
  }

  /** When an intent that was not tried in this term may be tried. */
  #dueAfterLast(view: Fleet, packageName: string, { lastAttempt }: Intent): number {
    const attempts = view.record('package', packageName)?.backoff?.attempts ?? 0;
    if (attempts === 0) return performance.now();
    const since = this.#askedAt.get(packageName) ?? performance.now();
    return since + attemptDelayMs(attempts, lastAttempt?.outcome === 'accepted', this.#options);
  }

  /** Starts what is due, and sets the alarm for what is due next. */
  #pump(): void {
    clearTimeout(this.#timer);
    const term = this.#term;
    if (term === undefined || term.ended.aborted || this.#away) return;
    const waiting = [...this.#tasks.values()].filter(
      (task) => !this.#running.has(task.packageName) && task.waitsFor === undefined,
    );
    waiting.sort((a, b) => a.dueAt - b.dueAt);
    const now = performance.now();
    for (const task of waiting) {
      if (this.#running.size >= this.#options.inFlightCount) return;
      if (task.dueAt > now) {
        this.#timer = setTimeout(() => this.#pump(), Math.min(task.dueAt - now, MAX_TIMER_MS));
        return;
      }
      this.#begin(task, term);
    }
  }

  #begin(task: Task, term: Term): void {
    const target = findTarget(term.view, task.packageName);
    if (target.type === 'wait') {
      task.waitsFor = target.why;
      if (task.saidWhy === target.why) return;
      task.saidWhy = target.why;
      this.#options.log.warn({ package: task.packageName, intent: task.intent.id, why: target.why }, 'reconcile waits');
      return;
    }
    this.#running.add(task.packageName);
    void this.#attempt(task, target.scenarioName, term)
      .catch((error: unknown) => {
        if (!term.ended.aborted)
          this.#options.log.error({ err: error, package: task.packageName }, 'a reconcile attempt broke off');
        task.dueAt = performance.now() + this.#options.initialBackoffMs;
      })
      .finally(() => {
        this.#running.delete(task.packageName);
        this.#putOff(task);
        this.#pump();
      });
  }

  /** An intent that took the place of one whose call just ended owes that call's wait. */
  #putOff({ packageName, intent }: Task): void {
    const next = this.#tasks.get(packageName);
    if (this.#term === undefined || next === undefined || next.intent.id === intent.id) return;
    next.dueAt = Math.max(next.dueAt, this.#dueAfterLast(this.#term.view, packageName, next.intent));
  }

  async #attempt(task: Task, scenarioName: string, term: Term): Promise<void> {
    const { sender, submit, onAnswered, log } = this.#options;
    const { packageName } = task;
    const intent = task.intent.id;
    if (!term.leadership.isCurrent()) {
      task.dueAt = performance.now() + this.#options.initialBackoffMs;
      return;
    }
    if (!(await sender.canReach(term.ended))) {
      this.#waitUntilReachable(term);
      return;
    }
    const started = { type: 'attempt-started', packageName, intent, at: Date.now() } as const;
    const counted = await submit(started, { signal: term.ended });
    task.dueAt = performance.now() + this.#delayAfter(task, false, term);
    if (!counted.accepted || !term.leadership.isCurrent()) return;
    log.info(
      { package: packageName, scenario: scenarioName, intent, attempt: task.intent.attempts },
      'reconcile asked',
    );
    const askedAt = performance.now();
    const sent = await sender.reconcile(scenarioName, intent, term.ended);
    onAnswered?.(sent.outcome, performance.now() - askedAt);
    this.#askedAt.set(packageName, performance.now());
    log.info({ package: packageName, scenario: scenarioName, intent, ...sent }, 'reconcile answered');
    task.dueAt = performance.now() + this.#delayAfter(task, sent.outcome === 'accepted', term);
    if (sent.outcome === 'unreachable') {
      // It was there a moment ago: without a pause, one that accepts connections and no calls would be hammered.
      task.dueAt = performance.now() + this.#options.initialBackoffMs;
      this.#waitUntilReachable(term);
    }
    await submit({ type: 'attempt-ended', packageName, intent, ...sent, at: Date.now() }, { signal: term.ended });
  }

  #delayAfter(task: Task, accepted: boolean, term: Term): number {
    const attempts = term.view.record('package', task.packageName)?.backoff?.attempts ?? 1;
    return attemptDelayMs(attempts, accepted, this.#options);
  }

  /** Stops trying until ActionController is back; then everything that is due is tried at once. */
  #waitUntilReachable(term: Term): void {
    // A term may end while it is looked for: what that one found says nothing to the next, which looks for itself.
    if (this.#away || this.#term !== term) return;
    this.#away = true;
    const { sender, log } = this.#options;
    log.warn({ waiting: this.#tasks.size }, 'ActionController cannot be reached; reconciles wait for it');
    sender
      .waitUntilReachable(term.ended)
      .then(() => {
        if (this.#term !== term) return;
        log.info({ waiting: this.#tasks.size }, 'ActionController is back');
        this.#away = false;
        this.#pump();
      })
      .catch((error: unknown) => {
        if (this.#term !== term) return;
        log.error({ err: error }, 'ActionController cannot be waited for');
        this.#away = false;
        this.#timer = setTimeout(() => this.#pump(), this.#options.initialBackoffMs);
      });
  }
}
