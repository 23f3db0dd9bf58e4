import type { Contents } from './contents.ts';
import { MADE_FROM_ANOTHER, withDefinitionRevision } from './definition-revision.ts';
import type { FileEntry } from './file-format.ts';
import { knownKey } from './known-key.ts';

/** How a store differs from a file. */
export interface Differences {
  /** What of the file the store does not have, or has otherwise, in the order of the keys. */
  readonly toPut: readonly FileEntry[];
  /** Keys of the store that the file does not have. */
  readonly extra: readonly string[];
  /**
   * Those keys that the store has with another value. A record that differs only in whether its document is the present
   * one is none of them: an author who puts the same document again does that.
   */
  readonly conflicts: readonly string[];
  /** How many keys are the same. */
  readonly sameCount: number;
}

/** Holds a file against what a store has. Both are in the order of their keys, so that even much is one pass. */
export function compare(entries: readonly FileEntry[], { entries: stored }: Pick<Contents, 'entries'>): Differences {
  const toPut: FileEntry[] = [];
  const extra: string[] = [];
  const conflicts: string[] = [];
  let at = 0;
  for (const entry of entries) {
    for (let next = stored[at]; next !== undefined && next.key < entry.key; next = stored[(at += 1)])
      extra.push(next.key);
    const there = stored[at]?.key === entry.key ? stored[at] : undefined;
    if (there !== undefined) at += 1;
    if (there?.value === entry.value && there.unreadable === entry.unreadable) continue;
    toPut.push(entry);
    if (there !== undefined && !differOnlyInRevision(entry, there)) conflicts.push(entry.key);
  }
  for (let next = stored[at]; next !== undefined; next = stored[(at += 1)]) extra.push(next.key);
  return { toPut, conflicts, extra, sameCount: entries.length - toPut.length };
}

function differOnlyInRevision(a: FileEntry, b: FileEntry): boolean {
  if (a.unreadable || b.unreadable || knownKey(a.key)?.definedBy === undefined) return false;
  const [one, other] = [a, b].map(({ value }) => withDefinitionRevision(value, MADE_FROM_ANOTHER));
  return one === other;
}
