import { IMPORT_KEY, type Operation } from '@statemanager/state-store';

/** What stands in a store from the beginning of an import to its end. */
export interface ImportMark {
  /** The checksum of the file: only that one goes on. */
  readonly sha256: string;
  /** It was told to make the store what the file is, whatever was there. */
  readonly replace: boolean;
  /** When it began, in ISO 8601. */
  readonly since: string;
}

/** Reads a mark. One that cannot be read is still a mark, of no file. */
export function readMark(value: string | undefined): ImportMark | undefined {
  if (value === undefined) return undefined;
  try {
    const { sha256, replace, since } = JSON.parse(value) as Partial<Record<keyof ImportMark, unknown>>;
    return { sha256: String(sha256), replace: replace === true, since: String(since) };
  } catch {
    return { sha256: '', replace: false, since: '' };
  }
}

export function putMark(mark: ImportMark): Operation {
  return { type: 'put', key: IMPORT_KEY, value: JSON.stringify({ v: 1, ...mark }) };
}
