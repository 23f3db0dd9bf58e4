import {
  decide,
  type Decision,
  type Fleet,
  type Input,
  type Rejection,
  type RuleOptions,
  type StateNames,
  type Transition,
} from '@statemanager/state-machine';
import { StoreError, type Candidate, type KeyValueStore, type Leadership } from '@statemanager/state-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { Batch, type BatchLimits } from './engine/batch.ts';
import { commitFenced } from './engine/commit-fenced.ts';
import { EngineError } from './engine/engine-error.ts';
import { InputQueue, type Entry } from './engine/input-queue.ts';
import { loadView, type LoadedView } from './engine/load-view.ts';
import type { Logger } from './log.ts';

/** What became of an input: all that follows from it is durable. */
export type Outcome = Decision | Rejection;

/** A commit, for whoever follows. */
export interface Committed {
  readonly revision: number;
  readonly transitions: readonly Transition[];
  /** The records that changed, laid over the view before. */
  readonly changes: Fleet;
}

/** While this process leads: what it knows, and when that ends. */
export interface Term {
  readonly leadership: Leadership;
  /** The committed view. It is kept up; read it, and do not keep what it gave. */
  readonly view: Fleet;
  /** Aborts when the term ends. */
  readonly ended: AbortSignal;
}

/** Whoever has to act on what becomes true. None of these may throw. */
export interface Follower {
  /** A term begins; what it returns is decided before anything that waits. */
  onTerm?(term: Term): Promise<readonly Input[]> | readonly Input[];
  onCommit?(committed: Committed): void;
  onTermEnd?(): void;
}

export interface ManagerOptions {
  readonly store: KeyValueStore;
  readonly rules: RuleOptions;
  readonly stateNames: StateNames;
  readonly maxQueueCount: number;
  readonly answerWithinMs: number;
  readonly log: Logger;
}

export interface SubmitOptions {
  /** Withdraws the input if it was not decided yet. */
  readonly signal?: AbortSignal;
}

/** One transaction takes this much: etcd's default limit is 1.5 MiB, and its frame wants room. */
const LIMITS: BatchLimits = { operationsCount: 4095, bytes: 1_048_576 };

const RETRY_MS = { least: 50, most: 1000 };

/**
 * The engine: inputs enter one queue, are decided in their order against one view, and become true in one fenced
 * transaction, after which they are answered. While a transaction is in flight the next inputs gather.
 */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #queue: InputQueue<Outcome>;
  readonly #followers: Follower[] = [];
  readonly #stopping = new AbortController();
  readonly #killed = new AbortController();
  #limits = LIMITS;
  #running: Promise<void> | undefined;
  #term: Term | undefined;
  #ended: AbortController | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#queue = new InputQueue(options.maxQueueCount);
  }

  /** The present term; undefined while this process does not lead, or is still loading. */
  get term(): Term | undefined {
    return this.#term;
  }

  /** Adds a follower. To be called before {@link start}. */
  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Begins to lead, as soon as nobody else does. Inputs may be submitted before: they wait. */
  start(candidate: Candidate): void {
    this.#running ??= this.#run(candidate);
  }

  /** Finishes what was accepted, for at most `drainMs`, gives up the leadership and ends. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort();
    const timer = setTimeout(() => this.#killed.abort(), drainMs);
    await this.#running;
    clearTimeout(timer);
    for (const entry of this.#queue.drain()) this.#fail(entry, new EngineError('stopping', 'StateManager stops'));
  }

  /**
   * Decides an input. Resolves when everything that follows is durable, with the decision or the rejection.
   *
   * Throws EngineError. Reports and changes are answered within `answerWithinMs`; whatever is ours waits as long as it
   * takes. A report that was not decided in time stays queued: its NodeAgent will not repeat it. A change is withdrawn.
   */
  async submit(input: Input, { signal }: SubmitOptions = {}): Promise<Outcome> {
    if (this.#stopping.signal.aborted && isCallers(input)) throw new EngineError('stopping', 'StateManager stops');
    if (signal?.aborted) throw new EngineError('cancelled', 'the caller gave up');
    return new Promise<Outcome>((resolve, reject) => {
      const ticket = {
        resolve: (outcome: Outcome): void => done(() => resolve(outcome)),
        reject: (error: EngineError): void => done(() => reject(error)),
      };
      let timer: NodeJS.Timeout | undefined;
      let entry: Entry<Outcome> | undefined;
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        entry?.tickets.delete(ticket);
        settle();
      };
      const cancel = (): void => {
        if (entry !== undefined) this.#withdraw(entry);
        ticket.reject(new EngineError('cancelled', 'the caller gave up'));
      };
      try {
        entry = this.#queue.add(input, ticket);
      } catch (error) {
        ticket.reject(error as EngineError);
        return;
      }
      signal?.addEventListener('abort', cancel, { once: true });
      if (isCallers(input))
        timer = setTimeout(() => this.#late(entry as Entry<Outcome>, ticket), this.#options.answerWithinMs);
    });
  }

  #withdraw(entry: Entry<Outcome>): void {
    if (!this.#queue.withdraw(entry)) return;
    for (const ticket of entry.tickets)
      ticket.reject(new EngineError('cancelled', 'a newer report took its place and was cancelled'));
  }

  #late(entry: Entry<Outcome>, ticket: { reject: (error: EngineError) => void }): void {
    const within = `within ${this.#options.answerWithinMs} ms (--answer-within-ms)`;
    if (entry.input.type === 'report') {
      ticket.reject(
        new EngineError('store_unavailable', `the store did not take it ${within}; the report stays queued`),
      );
      return;
    }
    const withdrawn = this.#queue.withdraw(entry);
    const rest = withdrawn ? 'nothing was changed' : 'it may still be applied: repeat it with the same transition_id';
    ticket.reject(new EngineError('store_unavailable', `the store did not take it ${within}; ${rest}`));
  }

  async #run(candidate: Candidate): Promise<void> {
    const { log, store } = this.#options;
    let waitMs = RETRY_MS.least;
    while (!this.#isOver()) {
      try {
        const leadership = await store.lead(candidate, { signal: this.#giveUp() });
        try {
          await this.#lead(leadership);
          waitMs = RETRY_MS.least;
        } finally {
          this.#endTerm();
          await leadership
            .resign()
            .catch((error: unknown) => log.warn({ err: error }, 'the leadership could not be given up'));
        }
      } catch (error) {
        if (this.#isOver() || this.#giveUp().aborted) return;
        log.warn({ err: error }, 'not leading; trying again');
        await sleep(waitMs, undefined, { signal: this.#killed.signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, RETRY_MS.most);
      }
    }
  }

  /** Aborts when there is no point in going on: at once if nothing waits, else when the drain is over. */
  #giveUp(): AbortSignal {
    return this.#queue.size === 0 ? AbortSignal.any([this.#stopping.signal, this.#killed.signal]) : this.#killed.signal;
  }

  #isOver(): boolean {
    return this.#killed.signal.aborted || (this.#stopping.signal.aborted && this.#queue.size === 0);
  }

  async #lead(leadership: Leadership): Promise<void> {
    const { log, store, stateNames } = this.#options;
    const began = performance.now();
    const loaded = await loadView(store, stateNames, Date.now());
    for (const problem of loaded.problems) log.error({ problem }, 'bad value in the store');
    const view = loaded.fleet;
    const ended = new AbortController();
    const term: Term = { leadership, view, ended: ended.signal };
    this.#term = term;
    this.#ended = ended;
    const first: Input[] = [
      { type: 'leading', packages: packagesWithIntents(view, this.#options.rules), at: Date.now() },
    ];
    for (const follower of this.#followers) first.push(...((await follower.onTerm?.(term)) ?? []));
    const counts = {
      scenarios: view.count('scenario'),
      packages: view.count('package'),
      models: view.count('model'),
      nodes: view.count('node'),
    };
    log.info({ store: store.name, ...counts, ms: Math.round(performance.now() - began) }, 'leading: view loaded');
    await this.#serve(term, first, loaded);
  }

  #endTerm(): void {
    if (this.#term === undefined) return;
    this.#ended?.abort();
    this.#term = undefined;
    for (const follower of this.#followers) follower.onTermEnd?.();
  }

  /** Decides and commits until the leadership or the process ends. Throws `deposed` if the former. */
  async #serve(term: Term, first: readonly Input[], loaded: LoadedView): Promise<void> {
    const { leadership } = term;
    let fence = leadership.fence;
    this.#queue.putBack(first.map((input) => ({ input, tickets: new Set(), taken: true })));
    let repairs = loaded.repairs;
    const wake = AbortSignal.any([leadership.lost, this.#stopping.signal, this.#killed.signal]);
    while (!this.#isOver()) {
      if (leadership.lost.aborted) throw leadership.lost.reason;
      if (this.#queue.size === 0) await this.#queue.waiting(wake);
      const { batch, entries } = this.#decideBatch(term.view);
      for (const repair of repairs) batch.repair(repair);
      try {
        if (batch.operationsCount > 0) fence = await this.#commit(term, batch, fence);
      } catch (error) {
        if (StoreError.is(error, 'too_large') || StoreError.is(error, 'invalid_argument')) {
          this.#splitOrRefuse(batch, [...entries.keys()], error);
          continue;
        }
        this.#queue.putBack([...entries.keys()]);
        throw error;
      }
      repairs = [];
      for (const [entry, outcome] of entries) for (const ticket of [...entry.tickets]) ticket.resolve(outcome);
    }
  }

  /** Decides what waits, in order, until one transaction is full. */
  #decideBatch(view: Fleet): { batch: Batch; entries: Map<Entry<Outcome>, Outcome> } {
    const batch = new Batch(view, this.#options.stateNames);
    const entries = new Map<Entry<Outcome>, Outcome>();
    for (let entry = this.#queue.take(); entry !== undefined; entry = this.#queue.take()) {
      let outcome: Outcome;
      try {
        outcome = decide(batch.fleet, entry.input, this.#options.rules);
        if (outcome.accepted) {
          const operations = batch.encode(outcome);
          const alone = entries.size === 0;
          if (batch.exceeds(alone ? LIMITS : this.#limits, operations)) {
            if (!alone) {
              this.#queue.putBack([entry]);
              break;
            }
            const { operationsCount, bytes } = LIMITS;
            const takes = `one transaction takes ${operationsCount} operations and ${bytes} bytes`;
            this.#refuse(entry, `what follows from it needs ${operations.size} store operations; ${takes}`);
            continue;
          }
          batch.add(outcome, operations);
        }
      } catch (error) {
        this.#options.log.error({ err: error, input: entry.input.type }, 'an input could not be decided');
        this.#fail(
          entry,
          new EngineError('internal', 'it could not be decided; nothing was changed', { cause: error }),
        );
        continue;
      }
      entries.set(entry, outcome);
    }
    return { batch, entries };
  }

  /** The store takes less than it should: tries the inputs in smaller transactions, and refuses what is alone. */
  #splitOrRefuse(batch: Batch, entries: readonly Entry<Outcome>[], error: StoreError): void {
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) {
      this.#refuse(only, `the store refuses it: ${error.message}`);
      return;
    }
    if (entries.length === 0) throw error;
    this.#limits = {
      operationsCount: Math.floor(batch.operationsCount / 2),
      bytes: Math.floor(batch.bytes / 2),
    };
    this.#options.log.warn({ err: error, ...this.#limits }, 'the store takes smaller transactions than expected');
    this.#queue.putBack(entries);
  }

  #refuse(entry: Entry<Outcome>, message: string): void {
    this.#options.log.error({ input: entry.input.type }, message);
    this.#fail(entry, new EngineError('too_large', message));
  }

  /** Makes a batch true and returns the fence after it. */
  async #commit(term: Term, batch: Batch, fence: string): Promise<string> {
    const { store, log } = this.#options;
    const { revision, fence: next } = await commitFenced(store, batch.operations, fence, term.leadership.lost, log);
    term.view.absorb(batch.fleet);
    for (const t of batch.transitions) log.info(describe(t, revision), 'transition');
    const committed: Committed = { revision, transitions: batch.transitions, changes: batch.fleet };
    for (const follower of this.#followers) follower.onCommit?.(committed);
    return next;
  }

  #fail(entry: Entry<Outcome>, error: EngineError): void {
    for (const ticket of [...entry.tickets]) ticket.reject(error);
  }
}

/** Whether an input is a caller's, who waits for an answer. */
function isCallers(input: Input): boolean {
  return input.type === 'report' || input.type === 'change';
}

function packagesWithIntents(view: Fleet, rules: RuleOptions): readonly string[] {
  const names = new Set(view.names('intent'));
  for (const name of view.names('package')) {
    const state = view.record('package', name)?.state;
    if (state && rules.reconcileOn.has(state)) names.add(name);
  }
  return [...names];
}

function describe(
  { kind, name, from, to, rule, cause, source, generation, transitionId }: Transition,
  revision: number,
): object {
  return { kind, name, from, to, rule, cause, source, generation, transitionId, revision };
}
