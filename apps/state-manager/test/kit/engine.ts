import {
  DEFAULT_RULE_OPTIONS,
  type ChangeRequest,
  type PackageDefined,
  type Report,
  type ReportedContainer,
} from '@statemanager/state-machine';
import type {
  Candidate,
  Commit,
  CommitResult,
  Entry,
  KeyValueStore,
  LeadOptions,
  Leadership,
  Snapshot,
  StoreStatus,
  WatchBatch,
  WatchOptions,
} from '@statemanager/state-store';
import { pino } from 'pino';
import type { Logger } from '../../src/log.ts';
import { Manager, type ManagerOptions } from '../../src/manager.ts';
import { Forwarder } from '../../src/replicas/forwarder.ts';
import { nobodyLeads } from '../../src/replicas/leader-link.ts';

export const CANDIDATE: Candidate = { id: 'test', address: '127.0.0.1:1' };

/** A log whose lines a test can read. */
export function recordLog(): {
  readonly log: Logger;
  readonly lines: Readonly<Record<string, unknown>>[];
  said(message: string): Readonly<Record<string, unknown>>[];
} {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = pino(
    { level: 'trace', base: null },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, lines, said: (message) => lines.filter(({ msg }) => msg === message) };
}

/** One container as the receiver reads it. */
export function reported(model: string, status: string, exitCode?: number): ReportedContainer {
  return { model, name: `${model}-1`, status, running: false, dead: false, oomKilled: false, exitCode };
}

/** A node's report. */
export function report(node: string, ...containers: readonly ReportedContainer[]): Report {
  return { type: 'report', node, containers, at: Date.now() };
}

/** A request that a scenario become idle, or whatever else is wanted of what. */
export function change(name: string, parts: Partial<ChangeRequest> = {}): ChangeRequest {
  return {
    type: 'change',
    kind: 'scenario',
    name,
    currentState: '',
    targetState: 'idle',
    transitionId: `t-${name}`,
    stamped: true,
    source: 'apiserver',
    at: Date.now(),
    ...parts,
  };
}

/** A package's definition. */
export function defined(name: string, models: readonly string[], revision = 1): PackageDefined {
  return { type: 'package-defined', name, models, revision, at: Date.now() };
}

/** A manager with ordinary options, not started. */
export function createManager(store: KeyValueStore, log: Logger, options: Partial<ManagerOptions> = {}): Manager {
  return new Manager({
    store,
    rules: DEFAULT_RULE_OPTIONS,
    stateNames: 'bare',
    maxQueueCount: 100,
    answerWithinMs: 10_000,
    log,
    ...options,
  });
}

/** Has a manager's calls answered by it alone: nobody else leads, ever. To be made before the manager is started. */
export function createForwarder(manager: Manager): Forwarder {
  const link = { isThere: false, call: () => Promise.reject(nobodyLeads('nobody leads')) };
  const forwarder = new Forwarder({ manager, link, answerWithinMs: 10_000, maxWaitingCount: 100 });
  manager.follow(forwarder);
  return forwarder;
}

/** What happens instead of a commit; `apply` is what would have happened. */
export type CommitStep = (apply: () => Promise<CommitResult>, commit: Commit) => Promise<CommitResult>;

/** A store that does what a test says at the next commits and gets, and otherwise what the store under it does. */
export class ScriptedStore implements KeyValueStore {
  readonly name = 'scripted:';
  /** Every commit that was asked for, in order. */
  readonly commits: Commit[] = [];
  /** Every commit that was prepared, in order. */
  readonly prepared: Commit[] = [];
  /** What the next commits do; when it is empty, `always`. */
  readonly steps: CommitStep[] = [];
  always: CommitStep = (apply) => apply();
  onGet: ((get: () => Promise<Entry | undefined>) => Promise<Entry | undefined>) | undefined;
  onSnapshot: ((prefix: string, read: () => Promise<Snapshot>) => Promise<Snapshot>) | undefined;
  onWatch: ((watch: () => AsyncIterable<WatchBatch>) => AsyncIterable<WatchBatch>) | undefined;
  onStatus: (() => Promise<StoreStatus>) | undefined;
  /** Whether leaderships that are given from now on say that they are confirmed. */
  confirmed = true;
  readonly compactedTo: number[] = [];
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  put(key: string, value: string): Promise<number> {
    return this.#store.put(key, value);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.onGet === undefined ? this.#store.get(key) : this.onGet(() => this.#store.get(key));
  }

  getAllWithPrefix(prefix: string): Promise<Snapshot> {
    const read = (): Promise<Snapshot> => this.#store.getAllWithPrefix(prefix);
    return this.onSnapshot === undefined ? read() : this.onSnapshot(prefix, read);
  }

  delete(key: string): Promise<boolean> {
    return this.#store.delete(key);
  }

  commit(commit: Commit): Promise<CommitResult> {
    this.commits.push(commit);
    const step = this.steps.shift() ?? this.always;
    return step(() => this.#store.commit(commit), commit);
  }

  prepare(commit: Commit): Promise<void> {
    this.prepared.push(commit);
    return Promise.resolve();
  }

  watch(prefix: string, options?: WatchOptions): AsyncIterable<WatchBatch> {
    const watch = (): AsyncIterable<WatchBatch> => this.#store.watch(prefix, options);
    return this.onWatch === undefined ? watch() : this.onWatch(watch);
  }

  async lead(candidate: Candidate, options?: LeadOptions): Promise<Leadership> {
    const leadership = await this.#store.lead(candidate, options);
    return {
      fence: leadership.fence,
      lost: leadership.lost,
      isCurrent: () => this.confirmed && leadership.isCurrent(),
      resign: () => leadership.resign(),
    };
  }

  async compact(revision: number): Promise<void> {
    this.compactedTo.push(revision);
    await this.#store.compact(revision);
  }

  status(): Promise<StoreStatus> {
    return this.onStatus === undefined ? this.#store.status() : this.onStatus();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Where somebody waits until a test opens it. */
export interface Gate {
  /** Resolves when somebody waits. */
  readonly reached: Promise<void>;
  pass(): Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  return {
    reached,
    pass() {
      arrive();
      return opened;
    },
    open: () => open(),
  };
}

/** A gate that a commit waits at. */
export function door(): Gate & { readonly step: CommitStep } {
  const gate = createGate();
  return { ...gate, step: (apply) => gate.pass().then(apply) };
}

/** A number between 0 and 1, again and again, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
