import { setTimeout as sleep } from 'node:timers/promises';
import { RESOURCE_KINDS, type Fleet, type StateNames } from '@statemanager/state-machine';
import {
  FENCE_KEY,
  LEADER_KEY,
  NODE_PREFIX,
  OWN_PREFIX,
  StoreError,
  nameUnder,
  type Candidate,
  type KeyValueStore,
  type WatchBatch,
  type WatchEvent,
} from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Follower, Heard, LoadedRevisions } from './follower.ts';
import { loadView } from './load-view.ts';
import { readChanges } from './read-changes.ts';

export interface MirrorOptions {
  readonly store: KeyValueStore;
  readonly stateNames: StateNames;
  /** What this process is called: it does not follow itself. */
  readonly ownId: () => string | undefined;
  /** Told of the view, of what others commit, and of who leads. */
  readonly followers: readonly Follower[];
  readonly log: Logger;
}

/** A view whose parts are of several revisions. */
interface CatchingUp {
  /** At this one it is whole. */
  readonly until: number;
  readonly loaded: LoadedRevisions;
  /** The last change that was seen since, by `<kind>/<name>`. */
  readonly revisions: Map<string, number>;
}

const RETRY_MS = { least: 100, most: 2000 };

/**
 * The view of a process that does not lead: what the store says, kept up by a watch, so that reads and watches are
 * answered and a term can begin without loading anything. Whoever leads keeps the same view up by its own commits, and
 * the mirror goes on from where that ended.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  #view: Fleet | undefined;
  #revision = 0;
  /** Set while the view is not yet what the store was at one revision: at this one it will be. */
  #catchingUp: CatchingUp | undefined;
  #leader: Candidate | undefined;
  /** At which the leader was read. */
  #leaderRevision = 0;
  #fence: string | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** The view; undefined while there is none that is whole. */
  get view(): Fleet | undefined {
    return this.#catchingUp === undefined ? this.#view : undefined;
  }

  /** Who else leads, as far as the store says; undefined if nobody does. */
  get leader(): Candidate | undefined {
    return this.#leader;
  }

  /** The revision up to which the view goes. */
  get revision(): number {
    return this.#revision;
  }

  /** Notes that this process leads from now on. */
  lead(): void {
    this.#leader = undefined;
  }

  /** Takes a view over that this process has loaded to lead with. */
  adopt(view: Fleet, revision: number): void {
    this.#sayIfBehind(revision);
    this.#view = view;
    this.#revision = revision;
    this.#catchingUp = undefined;
  }

  /** Notes up to where this process, while it leads, has kept the view up. */
  moved(revision: number): void {
    this.#revision = revision;
  }

  /** Loads the view unless it is there, and keeps it up until the signal aborts. Tries again whatever happens. */
  async follow(signal: AbortSignal): Promise<void> {
    const { store, log } = this.#options;
    let waitMs = RETRY_MS.least;
    while (!signal.aborted) {
      try {
        await this.#readLeader();
        if (this.view === undefined) {
          await this.#load();
          // Whoever was elected before the view was read is in no change that follows it.
          await this.#readLeader();
        }
        for await (const batch of store.watch(OWN_PREFIX, { afterRevision: this.#revision, signal })) {
          this.#take(batch);
          waitMs = RETRY_MS.least;
        }
      } catch (error) {
        if (signal.aborted || StoreError.is(error, 'closed')) return;
        if (!StoreError.is(error, 'unavailable')) this.#view = undefined;
        log.warn({ err: error }, 'the store could not be followed; trying again');
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, RETRY_MS.most);
      }
    }
  }

  /**
   * Resolves with true when the view says what the store said when this fence was put: from then on nobody but who put it
   * commits. With false if that takes longer, or the signal aborts.
   */
  async reach(fence: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const isThere = (): boolean => this.view !== undefined && this.#fence === fence;
    if (isThere() || signal.aborted) return isThere();
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', settle);
        this.#waiting.delete(look);
        resolve(isThere());
      };
      const look = (): void => {
        if (isThere()) settle();
      };
      const timer = setTimeout(settle, withinMs);
      signal.addEventListener('abort', settle, { once: true });
      this.#waiting.add(look);
    });
  }

  async #readLeader(): Promise<void> {
    const entry = await this.#options.store.get(LEADER_KEY);
    this.#leaderRevision = entry?.revision ?? 0;
    this.#setLeader(entry === undefined ? undefined : parseLeader(entry.value));
  }

  /**
   * Loads the view while another process may be committing: the parts are then of several revisions. What happened since
   * the first part was read is taken again from the watch, which does no harm, and at the revision of the last commit
   * that any part can have seen the view is whole.
   */
  async #load(): Promise<void> {
    const { store, stateNames, log } = this.#options;
    const before = await store.get(FENCE_KEY);
    const loaded = await loadView(store, stateNames, Date.now());
    const after = await store.get(FENCE_KEY);
    for (const problem of loaded.problems) log.error({ problem }, 'bad value in the store');
    this.#sayIfBehind(loaded.revision);
    this.#view = loaded.fleet;
    const moved = after !== undefined && after.value !== before?.value && after.revision > loaded.since;
    this.#revision = moved ? loaded.since : loaded.revision;
    this.#fence = after?.value;
    if (moved) this.#catchingUp = { until: after.revision, loaded, revisions: new Map() };
    else this.#publish(loaded);
  }

  /** A store never goes back by itself. */
  #sayIfBehind(revision: number): void {
    if (revision >= this.#revision) return;
    const { store, log } = this.#options;
    log.error(
      { store: store.name, known: this.#revision, revision },
      'the store went back: it was emptied or restored, and what came after that is gone',
    );
  }

  #publish(loaded: LoadedRevisions): void {
    this.#catchingUp = undefined;
    const view = this.#view as Fleet;
    this.#options.log.info({ revision: this.#revision, nodes: view.count('node') }, 'following: view loaded');
    for (const follower of this.#options.followers) follower.onView?.(view, loaded);
    this.#look();
  }

  #take(batch: WatchBatch): void {
    const { followers, log } = this.#options;
    const view = this.#view as Fleet;
    const { changes, transitions, problems } = readChanges(view, batch);
    for (const problem of problems) log.error({ problem }, 'bad value in the store; what was known before stands');
    view.absorb(changes);
    this.#revision = batch.revision;
    for (const event of batch.events) {
      // The watch may begin before what was read: a leader that was gone by then is none again.
      if (event.key === LEADER_KEY && batch.revision > this.#leaderRevision) this.#setLeader(leaderIn(event));
      if (event.key === FENCE_KEY) this.#fence = event.type === 'put' ? event.value : undefined;
    }
    const catchingUp = this.#catchingUp;
    if (catchingUp === undefined) {
      const heard = heardIn(batch, changes);
      if (heard.length > 0) for (const follower of followers) follower.onHeard?.(heard);
      for (const follower of followers) follower.onMirrored?.({ revision: batch.revision, transitions, changes });
    } else {
      for (const name of namesIn(changes)) catchingUp.revisions.set(name, batch.revision);
      const { until, loaded, revisions } = catchingUp;
      const revisionOf: LoadedRevisions['revisionOf'] = (kind, name) =>
        revisions.get(`${kind}/${name}`) ?? loaded.revisionOf(kind, name);
      if (batch.revision >= until) this.#publish({ revision: batch.revision, revisionOf });
    }
    this.#look();
  }

  #setLeader(found: Candidate | undefined): void {
    const leader = found?.id === this.#options.ownId() ? undefined : found;
    if (leader?.id === this.#leader?.id && leader?.address === this.#leader?.address) return;
    this.#leader = leader;
    for (const follower of this.#options.followers) follower.onLeader?.(leader);
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** `<kind>/<name>` of the records and nodes that a commit changed. */
function* namesIn(changes: Fleet): Generator<string> {
  for (const kind of RESOURCE_KINDS) for (const [name] of changes.changedRecords(kind)) yield `${kind}/${name}`;
  for (const [name] of changes.changedNodes()) yield `node/${name}`;
}

/** The nodes whose word changed: they were heard when they said it. */
function heardIn({ events }: WatchBatch, changes: Fleet): readonly Heard[] {
  return events.flatMap(({ key }) => {
    const node = nameUnder(NODE_PREFIX, key);
    const record = node === undefined ? undefined : changes.node(node);
    return node === undefined || record === undefined ? [] : [{ node, at: record.observedAt }];
  });
}

function leaderIn(event: WatchEvent): Candidate | undefined {
  return event.type === 'put' ? parseLeader(event.value) : undefined;
}

/** What the leader key says; undefined if it is no leader's, and the store waits until that is gone. */
function parseLeader(value: string): Candidate | undefined {
  try {
    const { id, address } = JSON.parse(value) as Partial<Candidate>;
    return typeof id === 'string' && typeof address === 'string' ? { id, address } : undefined;
  } catch {
    return undefined;
  }
}
