import type { Transition } from '@statemanager/state-machine';
import type { v1 } from '@statemanager/proto';
import type { Facts } from './facts.ts';

/** One change of one thing in a commit: each of its transitions is one; without any, it is there once. */
export interface JournalEvent {
  /** undefined: it was not there. */
  readonly before: Facts | undefined;
  /** undefined: it is gone. */
  readonly after: Facts | undefined;
  /** As the commit left it; as it was before if it is gone. */
  readonly resource: v1.Resource;
  /** undefined: only something else than its state changed. */
  readonly transition: Transition | undefined;
}

/** Everything that changed at once. */
export interface JournalEntry {
  readonly revision: number;
  /** Not a commit: a node confirmed what was known. */
  readonly confirmation: boolean;
  /** In the order in which they happened. */
  readonly events: readonly JournalEvent[];
}

/** Whoever has read everything. */
interface Waiting {
  readonly isWanted: (entry: JournalEntry) => boolean;
  readonly goOnAt: (sequence: number) => void;
}

/** Where a reader is. */
export interface Place {
  /** The sequence number of what it has to read next; undefined while it has read everything that it wants. */
  next: number | undefined;
}

/** How far the slowest reader is behind; all zero if none is. */
export interface Lag {
  /** Entries that it has not read yet. */
  readonly entriesCount: number;
  /** Since when the oldest of them is there, in milliseconds. */
  readonly ageMs: number;
}

/**
 * The recent past, for watches: as much as it may hold, and since when it is complete. What it holds is counted in
 * resources and in the models, nodes and containers that they show, because those are what takes the memory.
 */
export class Journal {
  readonly #maxCount: number;
  #entries: JournalEntry[] = [];
  /** When each entry was appended, on the clock of `performance.now()`. */
  #times: number[] = [];
  /** The sequence number of the first entry. */
  #first = 0;
  #count = 0;
  /** Everything after this revision is here. */
  #since = 0;
  readonly #waiting = new Set<Waiting>();
  readonly #places = new Set<Place>();

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** The sequence number that the next entry will have. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** What is remembered, counted as its limit is. */
  get count(): number {
    return this.#count;
  }

  /** How far the slowest of those who have joined is behind. Looks at each of them. */
  get lag(): Lag {
    let next = this.end;
    for (const place of this.#places) next = Math.min(next, place.next ?? next);
    // Whoever is told 'gone' has nothing left to read.
    const behind = Math.max(next, this.#first);
    const since = this.#times[behind - this.#first];
    return { entriesCount: this.end - behind, ageMs: since === undefined ? 0 : performance.now() - since };
  }

  /** Has a reader's place count for {@link lag}, until {@link leave}. */
  join(): Place {
    const place: Place = { next: undefined };
    this.#places.add(place);
    return place;
  }

  leave(place: Place): void {
    this.#places.delete(place);
  }

  /** Forgets everything: only what comes after this revision will be known. Whoever reads has missed something. */
  restart(revision: number): void {
    // One number is left out, so that it is 'gone' also for whoever had read to the end.
    this.#first = this.end + 1;
    this.#entries = [];
    this.#times = [];
    this.#count = 0;
    this.#since = revision;
    for (const { goOnAt } of [...this.#waiting]) goOnAt(this.#first - 1);
  }

  append(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#times.push(performance.now());
    this.#count += countOf(entry);
    this.#trim();
    // Many wait, and few want this one: the others are not woken.
    for (const { isWanted, goOnAt } of [...this.#waiting]) if (isWanted(entry)) goOnAt(this.end - 1);
  }

  /** The entry of a sequence number; 'gone' if it was forgotten, undefined if it is not there yet. */
  at(sequence: number): JournalEntry | 'gone' | undefined {
    if (sequence < this.#first) return 'gone';
    return this.#entries[sequence - this.#first];
  }

  /** Where to go on for whoever has seen everything up to a revision; undefined if that is not known any more. */
  after(revision: number): number | undefined {
    if (revision < this.#since) return undefined;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isSeen(this.#entries[middle] as JournalEntry, revision)) low = middle + 1;
      else high = middle;
    }
    return this.#first + low;
  }

  /**
   * For whoever has read to the end: resolves when an entry comes that is wanted, the journal restarts, the time is up, or
   * the signal aborts. Resolves with where to go on: no entry before that was wanted.
   */
  async changed(isWanted: (entry: JournalEntry) => boolean, withinMs: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return this.end;
    return new Promise((resolve) => {
      const stop = (): void => waiting.goOnAt(this.end);
      const waiting: Waiting = {
        isWanted,
        goOnAt: (sequence) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', stop);
          this.#waiting.delete(waiting);
          resolve(sequence);
        },
      };
      const timer = setTimeout(stop, withinMs);
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.add(waiting);
    });
  }

  #trim(): void {
    // Taking from the front costs the length of the rest: a quarter at a time.
    if (this.#count <= this.#maxCount * 1.25) return;
    let forgotten = 0;
    while (this.#count > this.#maxCount && forgotten < this.#entries.length - 1) {
      const entry = this.#entries[forgotten] as JournalEntry;
      this.#count -= countOf(entry);
      // Whoever saw a confirmation's revision may have seen it before the confirmation came.
      this.#since = entry.confirmation ? entry.revision + 1 : entry.revision;
      forgotten += 1;
    }
    this.#entries = this.#entries.slice(forgotten);
    this.#times = this.#times.slice(forgotten);
    this.#first += forgotten;
  }
}

function countOf({ events }: JournalEntry): number {
  return events.reduce((count, { resource }) => count + 1 + partsCountOf(resource), 0);
}

function partsCountOf({ detail }: v1.Resource): number {
  switch (detail.case) {
    case 'package':
    case 'node':
      return detail.value.models.length;
    case 'model':
      return detail.value.nodes.reduce((count, { containers }) => count + 1 + containers.length, 0);
    default:
      return 0;
  }
}

/** A confirmation has the revision of the commit before it: it may be sent again, since it repeats nothing that counts. */
function isSeen(entry: JournalEntry, revision: number): boolean {
  return entry.confirmation ? entry.revision < revision : entry.revision <= revision;
}
