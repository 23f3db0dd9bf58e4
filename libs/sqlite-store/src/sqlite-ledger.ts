import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreError } from '@statemanager/state-store';
import type { Entry, Ledger, Operation, WatchBatch, WatchEvent } from '@statemanager/state-store';
import { FileIdentity } from './file-identity.ts';
import { storeErrorOf } from './sqlite-error.ts';

interface ChangeRow {
  readonly revision: number;
  readonly key: string;
  readonly value: string | null;
}

/** A {@link Ledger} in one SQLite file. */
export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #identity: FileIdentity;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #revision: number;
  #oldestRevision: number;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    this.#identity = new FileIdentity(file);
    this.#statements = prepareStatements(database);
    this.#revision = this.#counter('revision');
    this.#oldestRevision = this.#counter('oldest_revision');
  }

  revision(): number {
    return this.#revision;
  }

  oldestRevision(): number {
    return this.#oldestRevision;
  }

  read(key: string): Entry | undefined {
    return this.#try(() => {
      const row = this.#statements.read.get(key);
      return row === undefined ? undefined : ({ ...row } as unknown as Entry);
    });
  }

  range(prefix: string): Entry[] {
    return Array.from(this.entries(prefix), (entry) => ({ ...entry }));
  }

  /** What {@link range} returns, one after the other: none of them is kept here. The ledger must not change meanwhile. */
  *entries(prefix: string): Generator<Entry> {
    try {
      // SQLite orders text by its UTF-8 bytes, so the keys with this prefix stand together.
      for (const row of this.#statements.from.iterate(prefix)) {
        const entry = row as unknown as Entry;
        if (!entry.key.startsWith(prefix)) return;
        yield entry;
      }
    } catch (error) {
      throw storeErrorOf(error, this.#file);
    }
  }

  apply(operations: readonly Operation[]): number {
    this.#transaction(() => {
      const revision = this.#revision + 1;
      const changed = operations.filter((operation) => this.#change(operation, revision));
      changed.forEach((operation, position) => {
        this.#statements.addChange.run(
          revision,
          position,
          operation.key,
          operation.type === 'put' ? operation.value : null,
        );
      });
      if (changed.length === 0) return () => undefined;
      this.#statements.setCounter.run(revision, 'revision');
      return () => (this.#revision = revision);
    });
    return this.#revision;
  }

  changesAfter(revision: number, limit: number): WatchBatch[] {
    return this.#try(() => {
      const batches: { revision: number; events: WatchEvent[] }[] = [];
      let events = 0;
      for (const row of this.#statements.changesAfter.iterate(revision)) {
        const { revision: at, key, value } = row as unknown as ChangeRow;
        if (batches.at(-1)?.revision !== at) {
          if (events >= limit) break;
          batches.push({ revision: at, events: [] });
        }
        batches.at(-1)?.events.push(value === null ? { type: 'delete', key } : { type: 'put', key, value });
        events += 1;
      }
      return batches;
    });
  }

  compact(revision: number): void {
    this.#transaction(() => {
      this.#statements.forget.run(revision);
      this.#statements.setCounter.run(revision, 'oldest_revision');
      return () => (this.#oldestRevision = revision);
    });
  }

  sizeBytes(): number {
    return this.#try(() => {
      // A look at the store asks for its size.
      this.#identity.assertThere();
      const numberOf = (name: string): number => Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name]);
      return numberOf('page_count') * numberOf('page_size');
    });
  }

  close(): void {
    this.#try(() => this.#database.close());
  }

  /** Returns whether it changed anything. */
  #change(operation: Operation, revision: number): boolean {
    if (operation.type === 'delete') return this.#statements.remove.run(operation.key).changes > 0;
    return this.#statements.put.run(operation.key, operation.value, revision).changes > 0;
  }

  /** Runs `work` and makes it durable, or undoes it; what `work` returns runs only if it is durable. */
  #transaction(work: () => () => unknown): void {
    this.#try(() => {
      this.#identity.assertThere();
      this.#statements.begin.run();
      try {
        const afterwards = work();
        this.#statements.commit.run();
        afterwards();
      } catch (error) {
        // A full disk has ended the transaction already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #counter(name: string): number {
    const value = this.#try(() => this.#statements.counter.get(name)?.['value']);
    if (!Number.isSafeInteger(value)) throw new StoreError('corrupt', `${this.#file} has no counter '${name}'`);
    return value as number;
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeErrorOf(error, this.#file);
    }
  }
}

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    read: prepare('SELECT key, value, revision FROM entry WHERE key = ?'),
    from: prepare('SELECT key, value, revision FROM entry WHERE key >= ? ORDER BY key'),
    put: prepare('INSERT OR REPLACE INTO entry (key, value, revision) VALUES (?, ?, ?)'),
    remove: prepare('DELETE FROM entry WHERE key = ?'),
    addChange: prepare('INSERT INTO change (revision, position, key, value) VALUES (?, ?, ?, ?)'),
    changesAfter: prepare('SELECT revision, key, value FROM change WHERE revision > ? ORDER BY revision, position'),
    forget: prepare('DELETE FROM change WHERE revision < ?'),
    counter: prepare('SELECT value FROM counter WHERE name = ?'),
    setCounter: prepare('UPDATE counter SET value = ? WHERE name = ?'),
  };
}
