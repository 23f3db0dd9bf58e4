import { createHash } from 'node:crypto';
import { GROUPS, type Group } from './known-key.ts';

/** What an export calls itself in its first line. */
export const FORMAT = 'statemanager-export';

/** The one version of the file that this release writes and reads. */
export const VERSION = 1;

/** The first line. */
export interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The store it was read from, without secrets. */
  readonly store: string;
  /** When, in ISO 8601. */
  readonly time: string;
  /** The one revision of that store which everything is as of. */
  readonly revision: number;
}

/** A line between the first and the last. Keys stand in ascending order, each once. */
export interface FileEntry {
  readonly key: string;
  readonly value: string;
  /** Whoever exported it could not read the value, and neither could a service: it is carried as it is. */
  readonly unreadable?: true;
}

/** The last line. */
export interface Trailer {
  readonly entries: number;
  readonly counts: Readonly<Record<Group, number>>;
  /** Of the bytes of all entries' lines, line ends included, in hexadecimal digits. */
  readonly sha256: string;
}

/** A whole file, read or about to be written. */
export interface ExportFile {
  readonly header: Header;
  readonly entries: readonly FileEntry[];
  readonly trailer: Trailer;
}

/** One line of a file, line end included. */
export function lineOf(content: Header | FileEntry | Trailer): string {
  return `${JSON.stringify(content)}\n`;
}

/** Counts and sums up entries, in their order, into what the last line has to say. */
export class Tally {
  readonly #counts = Object.fromEntries(GROUPS.map((group) => [group, 0])) as Record<Group, number>;
  readonly #hash = createHash('sha256');
  #entriesCount = 0;

  /** Adds an entry by its line, line end included. */
  add(group: Group, line: string | Buffer): void {
    this.#counts[group] += 1;
    this.#entriesCount += 1;
    this.#hash.update(line);
  }

  /** The last line. Nothing can be added afterwards. */
  end(): Trailer {
    return { entries: this.#entriesCount, counts: this.#counts, sha256: this.#hash.digest('hex') };
  }
}

/** `1 definition, 12 records`: what a file or a store holds, without what it has none of. */
export function describeCounts(counts: Readonly<Record<Group, number>>): string {
  const parts = GROUPS.filter((group) => counts[group] > 0).map((group) => {
    return `${numberOf(counts[group])} ${counts[group] === 1 ? group.replace(/s$/, '') : group}`;
  });
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** A number for people. */
export function numberOf(count: number): string {
  return count.toLocaleString('en');
}

/** `1 key`, `2 keys`. */
export function keysOf(count: number): string {
  return `${numberOf(count)} ${count === 1 ? 'key' : 'keys'}`;
}
