import type { Chance } from '../faults/seed.ts';
import type { Filter, OpenWatch, WatchMessage, WatchPeer, WatchedEvent, WatchedResource } from './watch-client.ts';

/** A watcher that loses its connection now and then, resumes, and holds what it is sent against what it knows. */
export class FollowingWatcher {
  readonly filter: Filter;
  /** What is wrong with what it was sent. */
  readonly problems: string[] = [];
  changesCount = 0;
  resyncsCount = 0;
  resumesCount = 0;
  #known = new Map<string, WatchedResource>();
  /** The newest generation that was seen of each resource, whether or not the filter fits it now. */
  #generations = new Map<string, number>();
  /** The snapshot that is arriving; undefined between snapshots. */
  #arriving: Map<string, WatchedResource> | undefined = new Map();
  #revision = 0;
  #open: OpenWatch | undefined;
  #messagesLeft = 0;
  readonly #peer: WatchPeer;
  readonly #chance: Chance;
  #stopped = false;

  constructor(peer: WatchPeer, filter: Filter, chance: Chance) {
    this.#peer = peer;
    this.filter = filter;
    this.#chance = chance;
  }

  get revision(): number {
    return this.#arriving === undefined ? this.#revision : 0;
  }

  start(): void {
    if (this.#stopped) return;
    const after = this.#arriving === undefined ? this.#revision : 0;
    if (after === 0) this.#arriving = new Map();
    this.#messagesLeft = this.#chance.between(1, 12);
    const watch = this.#peer.watch(this.filter, String(after), (message) => {
      if (watch !== this.#open) return;
      this.#take(message);
      this.#messagesLeft -= 1;
      if (this.#messagesLeft === 0) this.#reconnect(watch);
    });
    this.#open = watch;
    void watch.ended.then(({ code, details }) => {
      if (watch === this.#open && !this.#stopped) this.problems.push(`the watch ended by itself: ${code} ${details}`);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#open?.cancel();
  }

  /** What it knows, as `kind/name state@generation`, in order. */
  summary(): readonly string[] {
    return summarize([...this.#known.values()]);
  }

  #reconnect(watch: OpenWatch): void {
    this.#open = undefined;
    watch.cancel();
    this.resumesCount += 1;
    setTimeout(() => this.start(), this.#chance.between(0, 50));
  }

  #take({ revision, message, snapshot, changes }: WatchMessage): void {
    if (Number(revision) < this.#revision) this.problems.push(`revision ${revision} came after ${this.#revision}`);
    if (message === 'resync') {
      this.resyncsCount += 1;
      this.#arriving = new Map();
    } else if (snapshot) this.#takeSnapshot(snapshot.resources, snapshot.complete);
    else if (this.#arriving !== undefined) this.problems.push(`${message} before the snapshot was complete`);
    for (const event of changes?.events ?? []) this.#takeEvent(event);
    if (message !== 'resync') this.#revision = Number(revision);
  }

  #takeSnapshot(resources: readonly WatchedResource[], complete: boolean): void {
    if (this.#arriving === undefined) this.problems.push('a snapshot that nobody announced');
    for (const resource of resources) this.#arriving?.set(keyOf(resource), resource);
    if (!complete || this.#arriving === undefined) return;
    this.#known = this.#arriving;
    this.#generations = new Map([...this.#known].map(([key, { generation }]) => [key, Number(generation)]));
    this.#arriving = undefined;
  }

  #takeEvent({ type, resource, transition }: WatchedEvent): void {
    const key = keyOf(resource);
    if (transition !== null) {
      this.changesCount += 1;
      const generation = Number(transition.generation);
      const last = this.#generations.get(key);
      const seesAll = this.filter.states === undefined;
      if (last !== undefined && (seesAll ? generation !== last + 1 : generation <= last)) {
        this.problems.push(`${key}: generation ${generation} came after ${last}`);
      }
      this.#generations.set(key, generation);
    }
    if (type === 'EVENT_TYPE_PUT') this.#known.set(key, resource);
    else if (!this.#known.delete(key) && transition === null) this.problems.push(`${key} left and was not there`);
  }
}

/** Resources in a form in which two lists can be compared. */
export function summarize(resources: readonly WatchedResource[]): readonly string[] {
  return resources.map((resource) => `${keyOf(resource)} ${resource.state}@${resource.generation}`).sort();
}

function keyOf({ kind, name }: WatchedResource): string {
  return `${kind}/${name}`;
}
