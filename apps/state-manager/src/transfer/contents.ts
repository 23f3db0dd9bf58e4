import { setImmediate as yieldToOthers } from 'node:timers/promises';
import {
  IMPORT_KEY,
  LEADER_KEY,
  UnreadableValueError,
  type Entry,
  type KeyValueStore,
} from '@statemanager/state-store';
import {
  MADE_FROM_ANOTHER,
  MADE_FROM_THIS,
  definitionRevisionOf,
  withDefinitionRevision,
} from './definition-revision.ts';
import type { FileEntry } from './file-format.ts';
import { readMark, type ImportMark } from './import-mark.ts';
import { isDefinitionKey, isStray, knownKey, type KnownKey } from './known-key.ts';

/** Everything that StateManager needs of a store, all as of one revision, as it stands in a file. */
export interface Contents {
  readonly revision: number;
  /** In the order of their keys. */
  readonly entries: readonly FileEntry[];
  /** Keys among StateManager's that are none of them. A service leaves them alone, and so does an export. */
  readonly strays: readonly string[];
  /** What the leader key holds. */
  readonly leader: string | undefined;
  /** The import that has not ended. */
  readonly mark: ImportMark | undefined;
}

/** So many entries are looked at in one go: a leadership has to be renewed meanwhile. */
const PORTION_COUNT = 2000;

/**
 * Reads a store. It is one read of all keys, because that is what a store gives at one revision, whoever writes
 * meanwhile; what belongs to others is left out.
 */
export async function readContents(store: KeyValueStore): Promise<Contents> {
  const { revision, entries: found } = await store.getAllWithPrefix('');
  const revisions = new Map<string, number>();
  for (const { key, revision } of found) if (isDefinitionKey(key)) revisions.set(key, revision);
  const entries: FileEntry[] = [];
  const strays: string[] = [];
  for (const [i, entry] of found.entries()) {
    if (i % PORTION_COUNT === PORTION_COUNT - 1) await yieldToOthers();
    const known = knownKey(entry.key);
    if (known !== undefined) entries.push(fileEntryOf(known, entry, revisions));
    else if (isStray(entry.key)) strays.push(entry.key);
  }
  const valueOf = (key: string): string | undefined => found.find((entry) => entry.key === key)?.value;
  return { revision, entries, strays, leader: valueOf(LEADER_KEY), mark: readMark(valueOf(IMPORT_KEY)) };
}

function fileEntryOf(known: KnownKey, { key, value }: Entry, revisions: ReadonlyMap<string, number>): FileEntry {
  try {
    known.read(value);
  } catch (error) {
    if (!(error instanceof UnreadableValueError)) throw error;
    return { key, value, unreadable: true };
  }
  if (known.definedBy === undefined) return { key, value };
  const isThis = revisions.get(known.definedBy) === definitionRevisionOf(value);
  return { key, value: withDefinitionRevision(value, isThis ? MADE_FROM_THIS : MADE_FROM_ANOTHER) };
}
