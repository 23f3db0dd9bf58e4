import type { v1 } from '@statemanager/proto';
import { compareWords, type Fleet, type Transition } from '@statemanager/state-machine';
import type { Committed, Follower, Heard, LoadedRevisions } from '../manager.ts';
import { MAX_ANSWER_BYTES, sizeOf } from './answer-size.ts';
import {
  buildEntry,
  copyEntries,
  emptyEntries,
  namesIn,
  READ_KINDS,
  type Entries,
  type EntryOf,
  type ReadKind,
} from './entries.ts';
import { factsOf, type Facts } from './facts.ts';
import { Journal, type JournalEvent } from './journal.ts';
import type { Picture } from './picture.ts';
import { Presence } from './presence.ts';
import { describeResource, type ReconcileStatus } from './resource.ts';

export interface ReadModelOptions {
  /** How many changes watches may be behind. */
  readonly journalCount: number;
  /** How long changes are kept for watches that come back, in milliseconds, after the last one went. */
  readonly resumeWithinMs: number;
  readonly reconcileStatus: ReconcileStatus;
}

/** Nodes that became confirmed or fell silent; or nobody's word is confirmed any more. */
export type PresenceChange = 'forgotten' | { readonly heard: readonly Heard[]; readonly silent: readonly string[] };

/** Names by kind. */
type Touched = { readonly [K in ReadKind]: Set<string> };

/** How a thing was before it changed. */
interface Before {
  readonly facts: Facts | undefined;
  /** Only of what is going: nobody can look at it afterwards. */
  readonly resource: v1.Resource | undefined;
}

/**
 * The committed view in the order of names, for reading: kept up with every commit, copied for nothing whenever somebody
 * wants to look at one revision for longer. While somebody watches, it writes the journal.
 */
export class ReadModel implements Follower {
  readonly presence = new Presence();
  readonly journal: Journal;
  /** Watches that had to begin anew, because what came in between is not known any more. */
  resyncsCount = 0;
  readonly #options: ReadModelOptions;
  #entries: Entries = emptyEntries();
  #revision = 0;
  #view: Fleet | undefined;
  #watchersCount = 0;
  #journalUntil = 0;
  /** Everything after this revision would be in the journal, had it been written all along. */
  #unwrittenUntil = 0;
  readonly #presenceFollowers = new Set<(change: PresenceChange) => void>();
  /** Looked at whenever the view has changed. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ReadModelOptions) {
    this.#options = options;
    this.journal = new Journal(options.journalCount);
  }

  /** The present; undefined while no view is loaded. Do not keep it: {@link copy} lasts. */
  get present(): Picture | undefined {
    if (this.#view === undefined) return undefined;
    return { revision: this.#revision, entries: this.#entries, presence: this.presence };
  }

  /** The present, for as long as it is wanted. */
  copy(): Picture | undefined {
    const present = this.present;
    return present && { ...present, entries: copyEntries(present.entries) };
  }

  /** The state of everything that is decided with, for explanations and simulations. */
  get view(): Fleet | undefined {
    return this.#view;
  }

  /** Has the journal written while a watch lasts. Call the result when it ends; more than once does no harm. */
  beginWatch(): () => void {
    if (!this.#isJournaling()) this.journal.restart(Math.max(this.#revision, this.#unwrittenUntil));
    this.#watchersCount += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#watchersCount -= 1;
      this.#journalUntil = performance.now() + this.#options.resumeWithinMs;
    };
  }

  /** Resolves with true once the view is as wanted, or with false if that takes longer. */
  async until(wanted: (view: Fleet) => boolean, withinMs: number): Promise<boolean> {
    const isSo = (): boolean => this.#view !== undefined && wanted(this.#view);
    if (isSo()) return true;
    return new Promise((resolve) => {
      const settle = (fulfilled: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(fulfilled);
      };
      const look = (): void => {
        if (isSo()) settle(true);
      };
      const timer = setTimeout(() => settle(false), withinMs);
      this.#waiting.add(look);
    });
  }

  /** A view was loaded: whatever was read before has nothing to do with it. */
  onView(view: Fleet, loaded: LoadedRevisions): void {
    this.#entries = emptyEntries();
    for (const kind of READ_KINDS) {
      for (const name of [...namesIn(view, kind)].sort()) {
        this.#put(kind, name, buildEntry(view, kind, name, loaded.revisionOf(kind, name)));
      }
    }
    this.#revision = loaded.revision;
    this.#view = view;
    this.#forgetPresence();
    for (const look of [...this.#waiting]) look();
  }

  onTerm(): readonly [] {
    this.#forgetPresence();
    return [];
  }

  /** Another process leads from now on. Until a node has spoken to it, nobody knows whether its last word still holds. */
  onLeader(leader: unknown): void {
    if (leader !== undefined) this.#forgetPresence();
  }

  onHeard(heard: readonly Heard[]): void {
    const confirmed = heard.filter(({ node, at }) => this.presence.heard(node, at)).map(({ node }) => node);
    if (confirmed.length > 0 && this.#presenceFollowers.size > 0) {
      const names = new Set(confirmed);
      this.#tellPresence({ heard: heard.filter(({ node }) => names.has(node)), silent: [] });
    }
    const known = confirmed.filter((node) => this.#entries.node.get(node) !== undefined);
    if (known.length === 0) return;
    if (!this.#isJournaling()) {
      // A confirmation has no revision of its own: whoever saw the present one may not know of it.
      this.#unwrittenUntil = this.#revision + 1;
      return;
    }
    // They were stale until this moment, which is what the facts before must say.
    for (const node of known) this.presence.forget(node);
    const touched = this.#modelsAndPackagesOn(known);
    const before = this.#before(touched, () => false);
    for (const { node, at } of heard) this.presence.heard(node, at);
    this.#write(this.#revision, true, touched, before, []);
  }

  /** Nodes have been silent for too long: what they said is not confirmed any more. */
  forgetHeard(nodes: readonly string[]): void {
    const known = nodes.filter((node) => this.presence.isConfirmed(node));
    if (known.length === 0) return;
    const touched = this.#modelsAndPackagesOn(known);
    const before = this.#isJournaling() ? this.#before(touched, () => false) : undefined;
    for (const node of known) this.presence.forget(node);
    this.#tellPresence({ heard: [], silent: known });
    if (before === undefined) this.#unwrittenUntil = this.#revision + 1;
    else this.#write(this.#revision, true, touched, before, []);
  }

  onCommit({ revision, transitions, changes }: Committed): void {
    const view = this.#view;
    if (view === undefined) return;
    const touched = this.#touchedBy(view, changes);
    const isGoing = (kind: ReadKind, name: string): boolean => buildEntry(view, kind, name, 0) === undefined;
    const before = this.#isJournaling() ? this.#before(touched, isGoing) : undefined;
    for (const kind of READ_KINDS) {
      for (const name of touched[kind]) {
        const own = changes.hasOwn(kind, name) ? revision : (this.#entries[kind].get(name)?.revision ?? 0);
        this.#put(kind, name, buildEntry(view, kind, name, own));
      }
    }
    for (const [node, record] of changes.changedNodes()) if (record === undefined) this.presence.forget(node);
    this.#revision = revision;
    if (before !== undefined) this.#write(revision, false, touched, before, transitions);
    for (const look of [...this.#waiting]) look();
  }

  /** Tells of every node that becomes confirmed, or is not any more. Call the result when nobody listens. */
  followPresence(tell: (change: PresenceChange) => void): () => void {
    this.#presenceFollowers.add(tell);
    return () => this.#presenceFollowers.delete(tell);
  }

  #tellPresence(change: PresenceChange): void {
    for (const tell of [...this.#presenceFollowers]) tell(change);
  }

  onMirrored(committed: Committed): void {
    this.onCommit(committed);
  }

  /** The journal does not say of each node that its word is not confirmed any more: watches begin anew. */
  #forgetPresence(): void {
    this.presence.clear();
    this.#tellPresence('forgotten');
    this.journal.restart(this.#revision);
  }

  #isJournaling(): boolean {
    return this.#watchersCount > 0 || performance.now() < this.#journalUntil;
  }

  #put<K extends ReadKind>(kind: K, name: string, entry: EntryOf[K] | undefined): void {
    this.#entries[kind].put(name, entry);
  }

  /** Everything of which something is to be read that a commit changed. */
  #touchedBy(view: Fleet, changes: Fleet): Touched {
    const touched: Touched = { scenario: new Set(), package: new Set(), model: new Set(), node: new Set() };
    for (const [name, record] of changes.changedRecords('scenario')) {
      touched.scenario.add(name);
      const targets = [this.#entries.scenario.get(name)?.record.definition?.target, record?.definition?.target];
      if (targets[0] !== targets[1]) for (const target of targets) if (target) touched.package.add(target);
    }
    for (const [name, record] of changes.changedRecords('package')) {
      touched.package.add(name);
      const models = [this.#entries.package.get(name)?.record.definition?.models, record?.definition?.models];
      if (models[0] !== models[1]) for (const model of models.flat()) if (model) touched.model.add(model);
    }
    for (const [name] of changes.changedIntents()) touched.package.add(name);
    for (const [name] of changes.changedRecords('model')) touched.model.add(name);
    for (const [name, record] of changes.changedNodes()) {
      touched.node.add(name);
      const before = this.#entries.node.get(name)?.record.containers ?? [];
      for (const { model } of compareWords(before, record?.containers ?? [])) touched.model.add(model);
    }
    for (const model of touched.model) for (const name of view.packagesOf(model)) touched.package.add(name);
    return touched;
  }

  #modelsAndPackagesOn(nodes: readonly string[]): Touched {
    const touched: Touched = { scenario: new Set(), package: new Set(), model: new Set(), node: new Set(nodes) };
    for (const node of nodes) {
      for (const { model } of this.#entries.node.get(node)?.record.containers ?? []) {
        touched.model.add(model);
        for (const name of this.#entries.model.get(model)?.packages ?? []) touched.package.add(name);
      }
    }
    return touched;
  }

  #before(touched: Touched, isGoing: (kind: ReadKind, name: string) => boolean): Map<string, Before> {
    const picture = { revision: this.#revision, entries: this.#entries, presence: this.presence };
    const before = new Map<string, Before>();
    for (const kind of READ_KINDS) {
      for (const name of touched[kind]) {
        const facts = factsOf(picture, kind, name);
        const going = facts !== undefined && isGoing(kind, name);
        const resource = going ? describeResource(picture, kind, name, this.#options.reconcileStatus) : undefined;
        before.set(`${kind}/${name}`, { facts, resource });
      }
    }
    return before;
  }

  #write(
    revision: number,
    confirmation: boolean,
    touched: Touched,
    before: ReadonlyMap<string, Before>,
    transitions: readonly Transition[],
  ): void {
    const picture = { revision, entries: this.#entries, presence: this.presence };
    const changed = new Map<string, JournalEvent>();
    for (const kind of READ_KINDS) {
      for (const name of touched[kind]) {
        const key = `${kind}/${name}`;
        const was = before.get(key);
        const after = factsOf(picture, kind, name);
        if (was?.facts === undefined && after === undefined) continue;
        const resource = was?.resource ?? describeResource(picture, kind, name, this.#options.reconcileStatus);
        changed.set(key, { before: was?.facts, after, resource, transition: undefined });
      }
    }
    if (changed.size === 0) return;
    const events = inOrder(changed, transitions);
    // A commit is told as one; thousands of nodes that are heard at once need not be.
    const portions = confirmation ? inPortions(events) : [events];
    for (const portion of portions) this.journal.append({ revision, confirmation, events: portion });
  }
}

/** Each about as large as an answer may be. */
function inPortions(events: readonly JournalEvent[]): readonly (readonly JournalEvent[])[] {
  const portions: JournalEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (bytes >= MAX_ANSWER_BYTES) {
      portions.push([]);
      bytes = 0;
    }
    portions.at(-1)?.push(event);
    bytes += sizeOf(event.resource);
  }
  return portions;
}

/** First what moved, as often as it did and in that order; then what else changed. */
function inOrder(
  changed: ReadonlyMap<string, JournalEvent>,
  transitions: readonly Transition[],
): readonly JournalEvent[] {
  const moves: JournalEvent[] = [];
  const others = new Map(changed);
  for (const transition of transitions) {
    const key = `${transition.kind}/${transition.name}`;
    const event = changed.get(key);
    if (event !== undefined) moves.push({ ...event, transition });
    others.delete(key);
  }
  return [...moves, ...others.values()];
}
