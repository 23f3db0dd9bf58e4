import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EmbeddedStore, StoreError } from '@statemanager/state-store';
import type { KeyValueStore } from '@statemanager/state-store';
import { openDatabase } from './database.ts';
import { SqliteLedger } from './sqlite-ledger.ts';

/**
 * Opens the store in one file, and creates the file and its directories if they are not there. What was acknowledged
 * survives the death of the process and of the machine.
 *
 * Throws `locked` if another store has the file open, in this process or another; `corrupt` if it is not a file of
 * ours, or is damaged; `unavailable` if it cannot be read or written, or Node has no SQLite.
 */
export async function openSqliteStore(path: string): Promise<KeyValueStore> {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new StoreError('unavailable', `cannot create the directory of ${file}`, { cause });
  }
  const database = await openDatabase(file);
  return new EmbeddedStore(`sqlite:${file}`, new SqliteLedger(database, file));
}
