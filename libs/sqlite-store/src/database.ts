import type * as Sqlite from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '@statemanager/state-store';
import { damaged, storeErrorOf } from './sqlite-error.ts';

/** "STMG": marks the file as ours, so that nobody else's database is ever written to. */
const APPLICATION_ID = 0x53544d47;
const SCHEMA_VERSION = 1;

/**
 * The log is written back when it is 64 MiB long. SQLite's own 4 MiB are less than one transaction of a storm: each would
 * write its pages twice, and wait for the disk three times.
 */
const CHECKPOINT_PAGES = 16_384;

/** A storm touches a page for every resource; SQLite's own 2 MiB would read each again from the file. */
const CACHE_KIB = 32_768;

/**
 * `change` is the history that watches read: a null value is a delete. `counter` has one row each for the revision and
 * the oldest revision whose changes are still there.
 */
const SCHEMA = `
  CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE change (
    revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, value TEXT,
    PRIMARY KEY (revision, position)
  ) WITHOUT ROWID;
  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO counter VALUES ('revision', 1), ('oldest_revision', 1);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Opens and locks the file, checks that it is ours and sound, and creates the tables in a new one. */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await loadSqlite();
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    prepare(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw storeErrorOf(error, file);
  }
}

function prepare(database: DatabaseSync, file: string): void {
  // Exclusive before the first access: the kernel's lock is held until this process closes the file or dies, and the
  // write-ahead log needs no shared memory.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('BEGIN EXCLUSIVE');
  const isNew = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  const applicationId = numberOf(database, 'PRAGMA application_id');
  if (isNew && applicationId === 0) {
    database.exec(SCHEMA);
  } else if (applicationId !== APPLICATION_ID) {
    throw new StoreError('corrupt', `${file} is a database of another program: choose another file`);
  }
  const version = numberOf(database, 'PRAGMA user_version');
  if (version !== SCHEMA_VERSION) {
    throw new StoreError('corrupt', `${file} has the format ${version}, this release reads ${SCHEMA_VERSION}`);
  }
  database.exec('COMMIT');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`);
  const [finding] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
  if (finding !== 'ok') throw damaged(file, String(finding));
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}

/** Imported late, so that a program that never opens a file runs on a Node without SQLite. */
async function loadSqlite(): Promise<typeof Sqlite> {
  try {
    return await import('node:sqlite');
  } catch (cause) {
    throw new StoreError('unavailable', `the SQLite store needs Node 24 or newer, this is ${process.version}`, {
      cause,
    });
  }
}
