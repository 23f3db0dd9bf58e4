/*
 * A record names the document it was made from by that document's revision, and a service reads those documents anew
 * whose revision is another one. Revisions mean nothing in another store: there each document would be evaluated again,
 * which takes back what was set by request, or, where two numbers happen to be equal, a change would be missed. So a
 * file says only whether the document is the one that stands beside the record, and an import puts in that document's
 * revision in the store it writes to.
 */

/** In a file: the record was made from the very document that the file has. */
export const MADE_FROM_THIS = 1;

/** In a file and in a store: the record was made from another document, and a service has to read the present one. */
export const MADE_FROM_ANOTHER = 0;

interface StoredRecord {
  readonly definition?: { readonly revision?: unknown };
}

/** The revision of the document that a readable record was made from; undefined if it has none. */
export function definitionRevisionOf(value: string): number | undefined {
  if (!value.includes('"definition"')) return undefined;
  const revision = (JSON.parse(value) as StoredRecord).definition?.revision;
  return typeof revision === 'number' ? revision : undefined;
}

/** A readable record with another revision of its document; as it is if it has none. All other fields stay. */
export function withDefinitionRevision(value: string, revision: number): string {
  if (!value.includes('"definition"')) return value;
  const record = JSON.parse(value) as StoredRecord;
  if (record.definition === undefined) return value;
  return JSON.stringify({ ...record, definition: { ...record.definition, revision } });
}
