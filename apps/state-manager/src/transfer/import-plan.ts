import type { Operation } from '@statemanager/state-store';
import { compare, type Differences } from './compare.ts';
import type { Contents } from './contents.ts';
import {
  MADE_FROM_ANOTHER,
  MADE_FROM_THIS,
  definitionRevisionOf,
  withDefinitionRevision,
} from './definition-revision.ts';
import { keysOf, type ExportFile, type FileEntry } from './file-format.ts';
import type { ImportMark } from './import-mark.ts';
import { isDefinitionKey, knownKey } from './known-key.ts';
import { TransferError, someOf } from './transfer-error.ts';

/** What an import has to do to a store. */
export interface ImportPlan {
  /** What stands in the store while it is done. */
  readonly mark: ImportMark;
  readonly differences: Differences;
  /** The store is as the file is already, and no import waits to be ended. */
  readonly isDone: boolean;
}

/**
 * What makes a store what a file is. Throws TransferError if that would overwrite or delete what is not of this import,
 * unless `replace` says so now, or said so when the import began.
 */
export function planImport(
  storeName: string,
  { entries, trailer }: ExportFile,
  contents: Contents,
  replace: boolean,
): ImportPlan {
  const began = contents.mark?.sha256 === trailer.sha256 ? contents.mark : undefined;
  const mark: ImportMark = {
    sha256: trailer.sha256,
    replace: replace || began?.replace === true,
    since: began?.since ?? new Date().toISOString(),
  };
  const differences = compare(entries, contents);
  if (!mark.replace) {
    if (contents.mark !== undefined && began === undefined) {
      throw new TransferError([
        `an import of another file into ${storeName} has not ended: run that one again, or this one with --replace`,
      ]);
    }
    refuseOverwriting(storeName, differences);
  }
  const { toPut, extra } = differences;
  return { mark, differences, isDone: toPut.length + extra.length === 0 && contents.mark === undefined };
}

function refuseOverwriting(storeName: string, { extra, conflicts }: Differences): void {
  if (extra.length + conflicts.length === 0) return;
  const problems = [`${storeName} is not empty, and what it holds is not of this file; nothing was changed`];
  if (extra.length > 0) problems.push(`it holds ${keysOf(extra.length)} that the file does not have: ${someOf(extra)}`);
  if (conflicts.length > 0) {
    problems.push(`it holds ${keysOf(conflicts.length)} with another value than the file: ${someOf(conflicts)}`);
  }
  problems.push('--replace makes it what the file is, and deletes what the file does not have; export it before');
  throw new TransferError(problems);
}

/** What is done to the definitions. It comes first: records name them by the revisions that they get. */
export function* definitionOperations({ toPut, extra }: Differences): Generator<Operation> {
  for (const { key, value } of toPut) if (isDefinitionKey(key)) yield { type: 'put', key, value };
  for (const key of extra) if (isDefinitionKey(key)) yield { type: 'delete', key };
}

/** What is done to everything else, once it is known which revision each document has in the store. */
export function* otherOperations(
  { toPut, extra }: Differences,
  revisions: ReadonlyMap<string, number>,
): Generator<Operation> {
  for (const entry of toPut) {
    if (!isDefinitionKey(entry.key)) yield { type: 'put', key: entry.key, value: storedValueOf(entry, revisions) };
  }
  for (const key of extra) if (!isDefinitionKey(key)) yield { type: 'delete', key };
}

function storedValueOf({ key, value, unreadable }: FileEntry, revisions: ReadonlyMap<string, number>): string {
  const definition = knownKey(key)?.definedBy;
  if (unreadable || definition === undefined) return value;
  const isThis = definitionRevisionOf(value) === MADE_FROM_THIS;
  const revision = isThis ? revisions.get(definition) : undefined;
  return withDefinitionRevision(value, revision ?? MADE_FROM_ANOTHER);
}
