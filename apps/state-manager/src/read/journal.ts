import type { Transition } from '@statemanager/state-machine';
import type { v1 } from '@statemanager/proto';
import type { Facts } from './facts.ts';

/** One thing that changed in a commit. */
export interface JournalEvent {
  /** undefined: it was not there. */
  readonly before: Facts | undefined;
  /** undefined: it is gone. */
  readonly after: Facts | undefined;
  /** As the commit left it; as it was before if it is gone. */
  readonly resource: v1.Resource;
  /** In order; none if only something else than its state changed. */
  readonly transitions: readonly Transition[];
}

/** Everything that changed at once. */
export interface JournalEntry {
  readonly revision: number;
  /** Not a commit: a node confirmed what was known. */
  readonly confirmation: boolean;
  readonly events: readonly JournalEvent[];
}

/**
 * The recent past, for watches: as much as it may hold, and since when it is complete. What it holds is counted in
 * resources and in the models, nodes and containers that they show, because those are what takes the memory.
 */
export class Journal {
  readonly #maxCount: number;
  #entries: JournalEntry[] = [];
  /** The sequence number of the first entry. */
  #first = 0;
  #count = 0;
  /** Everything after this revision is here. */
  #since = 0;
  #wakers = new Set<() => void>();

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** The sequence number that the next entry will have. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** Forgets everything: only what comes after this revision will be known. */
  restart(revision: number): void {
    this.#first = this.end;
    this.#entries = [];
    this.#count = 0;
    this.#since = revision;
    this.#wake();
  }

  append(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#count += countOf(entry);
    this.#trim();
    this.#wake();
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

  /** Resolves when something is appended, the journal restarts, the time is up, or the signal aborts. */
  async changed(withinMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMs);
      signal.addEventListener('abort', wake, { once: true });
      this.#wakers.add(wake);
    });
  }

  #trim(): void {
    // Taking from the front costs the length of the rest: a quarter at a time.
    if (this.#count <= this.#maxCount * 1.25) return;
    let forgotten = 0;
    while (this.#count > this.#maxCount && forgotten < this.#entries.length - 1) {
      const entry = this.#entries[forgotten] as JournalEntry;
      this.#count -= countOf(entry);
      this.#since = entry.revision;
      forgotten += 1;
    }
    this.#entries = this.#entries.slice(forgotten);
    this.#first += forgotten;
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
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
