import type { Ledger } from './ledger.ts';
import type { Entry, Operation, WatchBatch, WatchEvent } from './store.ts';

/** A {@link Ledger} in memory. It outlives the store that closes it, so that a test can open it again. */
export class MemoryLedger implements Ledger {
  readonly #entries = new Map<string, Entry>();
  /** One batch for each revision since the oldest, without holes. */
  #batches: WatchBatch[] = [];
  #revision = 1;
  #oldestRevision = 1;

  revision(): number {
    return this.#revision;
  }

  oldestRevision(): number {
    return this.#oldestRevision;
  }

  read(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  range(prefix: string): Entry[] {
    const found = [...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix));
    return found.sort((a, b) => compareUtf8(a.key, b.key));
  }

  apply(operations: readonly Operation[]): number {
    const events: WatchEvent[] = operations.filter(({ type, key }) => type === 'put' || this.#entries.has(key));
    if (events.length === 0) return this.#revision;
    const revision = (this.#revision += 1);
    for (const event of events) {
      if (event.type === 'put') this.#entries.set(event.key, { key: event.key, value: event.value, revision });
      else this.#entries.delete(event.key);
    }
    this.#batches.push({ revision, events });
    return revision;
  }

  changesAfter(revision: number, limit: number): WatchBatch[] {
    const first = Math.max(0, revision + 1 - (this.#batches[0]?.revision ?? 0));
    const page: WatchBatch[] = [];
    let events = 0;
    for (let i = first; i < this.#batches.length && events < limit; i += 1) {
      const batch = this.#batches[i] as WatchBatch;
      page.push(batch);
      events += batch.events.length;
    }
    return page;
  }

  compact(revision: number): void {
    this.#oldestRevision = revision;
    this.#batches = this.#batches.filter((batch) => batch.revision >= revision);
  }

  close(): void {
    // Nothing to release: the data stays for whoever opens it next.
  }
}

/** JavaScript compares UTF-16 units, every other store bytes; they differ above U+FFFF. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
