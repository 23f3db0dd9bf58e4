import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '@statemanager/state-store';

/** SQLite's primary result codes that mean something else than "cannot serve now". */
const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const TOO_BIG = 18;
const NOT_A_DATABASE = 26;

/** What an error of SQLite means to the caller of the store. */
export function storeErrorOf(cause: unknown, file: string): StoreError {
  if (cause instanceof StoreError) return cause;
  switch (primaryCodeOf(cause)) {
    case BUSY:
    case LOCKED:
      return new StoreError('locked', `${file} is in use by another process: stop it, or choose another file`, {
        cause,
      });
    case CORRUPT:
      return damaged(file, messageOf(cause), cause);
    case NOT_A_DATABASE:
      return new StoreError('corrupt', `${file} is not a StateManager store: choose another file`, { cause });
    case TOO_BIG:
      return new StoreError('too_large', `a key or value is too large for ${file}`, { cause });
    case READ_ONLY:
      return new StoreError('unavailable', `${file} cannot be written: ${messageOf(cause)}`, {
        cause,
        reason: 'read_only',
      });
    case FULL:
      return new StoreError('unavailable', `there is no space left for ${file}: make some; it goes on by itself`, {
        cause,
        reason: 'no_space',
      });
    default:
      return new StoreError('unavailable', `${file} cannot be read or written: ${messageOf(cause)}${hintOf(file)}`, {
        cause,
      });
  }
}

/** What to say of a file that SQLite cannot make sense of. */
export function damaged(file: string, finding: string, cause?: unknown): StoreError {
  return new StoreError('corrupt', `${file} is damaged: restore it from a backup, or move it away (${finding})`, {
    cause,
  });
}

/** What this process may not do with a file and its folder, where that is why SQLite fails; else empty. */
function hintOf(file: string): string {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
    return '';
  } catch (error) {
    return `; this user may not write it or its folder (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
}

/** Extended codes have the primary one in their low byte. */
function primaryCodeOf(cause: unknown): number | undefined {
  const code = (cause as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
