import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreError } from '@statemanager/state-store';
import type { KeyValueStore } from '@statemanager/state-store';
import { ThreadLink } from './thread-link.ts';
import { ThreadStore } from './thread-store.ts';

/**
 * Opens the store in one file, and creates the file and its directories if they are not there. What was acknowledged
 * survives the death of the process and of the machine. The file is in a thread of its own: whatever its disk does, this
 * one goes on.
 *
 * Throws `locked` if another store has the file open, in this process or another; `corrupt` if it is not a file of
 * ours, or is damaged; `unavailable` if it cannot be read or written, or Node has no SQLite. If the thread dies, open
 * calls are `unavailable`, a commit that it had is `unknown`, and the leadership is lost; the next call starts another one.
 */
export async function openSqliteStore(path: string): Promise<KeyValueStore> {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new StoreError('unavailable', `cannot create the directory of ${file}`, { cause });
  }
  const name = `sqlite:${file}`;
  const open = (): ThreadLink => new ThreadLink(name, file);
  const link = open();
  try {
    await link.opened;
  } catch (error) {
    await link.untilGone();
    throw error;
  }
  return new ThreadStore(name, link, open);
}
