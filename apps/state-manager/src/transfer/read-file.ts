import { assertValue } from '@statemanager/state-store';
import { MADE_FROM_ANOTHER, MADE_FROM_THIS, definitionRevisionOf } from './definition-revision.ts';
import {
  FORMAT,
  Tally,
  VERSION,
  numberOf,
  type ExportFile,
  type FileEntry,
  type Header,
  type Trailer,
} from './file-format.ts';
import { GROUPS, knownKey, type KnownKey } from './known-key.ts';
import { linesOf, type Line } from './lines.ts';
import { TransferError, show } from './transfer-error.ts';

/** The longest line, in bytes: a value of the most that etcd can be made to take, every character of it escaped. */
const MAX_LINE_BYTES = 67_108_864;

/** So many problems are said; the others are counted. */
const MAX_PROBLEMS_COUNT = 20;

/**
 * Reads a whole file and checks all of it: version, keys, their order, values, counts and checksum. Throws TransferError
 * with every problem, each with its line.
 */
export async function readExport(chunks: AsyncIterable<Buffer>): Promise<ExportFile> {
  const reader = new Reader();
  try {
    for await (const line of linesOf(chunks, MAX_LINE_BYTES)) {
      reader.take(line);
      if (reader.isHopeless) break;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TransferError([error.message, 'it is no export of StateManager, or is damaged']);
  }
  return reader.end();
}

class Reader {
  /** What follows makes no sense any more. */
  isHopeless = false;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #problems: string[] = [];
  readonly #entries: FileEntry[] = [];
  readonly #definitions = new Set<string>();
  /** Records that say they were made from a document of the file, by that document's key. */
  readonly #promised = new Map<string, string>();
  readonly #tally = new Tally();
  #problemsCount = 0;
  #linesCount = 0;
  #header: Header | undefined;
  #trailer: Trailer | undefined;

  take(line: Line): void {
    this.#linesCount = line.number;
    const content = this.#parse(line);
    if (line.number === 1) this.#takeHeader(content);
    else if (this.#trailer !== undefined) this.#say(`line ${line.number} stands after the line that ends an export`);
    else if (content !== undefined && 'sha256' in content) this.#trailer = content as unknown as Trailer;
    else if (content !== undefined) this.#takeEntry(line, content);
  }

  end(): ExportFile {
    if (this.#linesCount === 0) this.#say('it is empty');
    else if (!this.isHopeless) this.#checkTrailer();
    for (const [definition, key] of this.#promised) {
      if (!this.#definitions.has(definition)) this.#say(`${key} was made from ${definition}, which is not in the file`);
    }
    if (this.#problemsCount > this.#problems.length) {
      this.#problems.push(`and ${numberOf(this.#problemsCount - this.#problems.length)} more problems`);
    }
    if (this.#problems.length > 0 || this.#header === undefined || this.#trailer === undefined) {
      throw new TransferError(this.#problems);
    }
    return { header: this.#header, entries: this.#entries, trailer: this.#trailer };
  }

  #say(problem: string): void {
    this.#problemsCount += 1;
    if (this.#problems.length < MAX_PROBLEMS_COUNT) this.#problems.push(problem);
  }

  /** The object on a line; undefined, and said, if there is none. */
  #parse({ number, bytes, isWhole }: Line): Readonly<Record<string, unknown>> | undefined {
    try {
      const content = JSON.parse(this.#decoder.decode(bytes)) as unknown;
      if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
        return content as Record<string, unknown>;
      }
    } catch {
      // What is wrong with it in detail helps nobody: the line is damaged.
    }
    // Of a last line that was cut off, the missing end is said below.
    if (isWhole || number === 1) this.#say(`line ${number} holds no JSON object`);
    return undefined;
  }

  #takeHeader(content: Readonly<Record<string, unknown>> | undefined): void {
    this.isHopeless = true;
    if (content === undefined) return;
    const { format, version, store, time, revision } = content;
    if (format !== FORMAT) return this.#say('line 1 does not begin an export of StateManager');
    if (version !== VERSION) {
      return this.#say(`line 1 says format version ${show(version)}; this release reads version ${VERSION}`);
    }
    if (typeof store !== 'string' || typeof time !== 'string' || !Number.isSafeInteger(revision)) {
      return this.#say('line 1 must say store, time and revision');
    }
    this.isHopeless = false;
    this.#header = { format: FORMAT, version: VERSION, store, time, revision: revision as number };
  }

  #takeEntry({ number, bytes }: Line, content: Readonly<Record<string, unknown>>): void {
    const { key, value, unreadable, ...rest } = content;
    const isEntry = typeof key === 'string' && typeof value === 'string' && Object.keys(rest).length === 0;
    if (!isEntry || (unreadable !== undefined && unreadable !== true)) {
      return this.#say(`line ${number} must hold a key and a value, both texts, and nothing else`);
    }
    const known = knownKey(key);
    if (known === undefined) return this.#say(`line ${number}: ${show(key)} is no key of StateManager's`);
    const previous = this.#entries.at(-1)?.key ?? '';
    if (key === previous) this.#say(`line ${number}: ${key} stands twice`);
    // Known keys are ASCII, so that this is the order of their bytes as well.
    else if (key < previous) this.#say(`line ${number}: ${key} stands after ${previous}, which is out of order`);
    this.#checkValue(known, key, value, unreadable === true, number);
    this.#entries.push(unreadable === true ? { key, value, unreadable } : { key, value });
    this.#tally.add(known.group, bytes);
  }

  #checkValue(known: KnownKey, key: string, value: string, unreadable: boolean, number: number): void {
    if (known.group === 'definitions') this.#definitions.add(key);
    const problem = problemOf(() => {
      assertValue(key, value);
      known.read(value);
    });
    if (unreadable) {
      if (problem === undefined) {
        this.#say(`line ${number}: ${key} is marked as unreadable, and this release reads it: export it with this one`);
      }
      return;
    }
    if (problem !== undefined) return this.#say(`line ${number}: ${problem}`);
    if (known.definedBy === undefined) return;
    const revision = definitionRevisionOf(value);
    if (revision === MADE_FROM_THIS) this.#promised.set(known.definedBy, key);
    else if (revision !== undefined && revision !== MADE_FROM_ANOTHER) {
      this.#say(`line ${number}: the definition of ${key} must have the revision 0 or 1, not ${revision}`);
    }
  }

  #checkTrailer(): void {
    const said = this.#trailer;
    if (said === undefined) {
      return this.#say(`it ends with line ${this.#linesCount}, before the line that ends an export: it was cut off`);
    }
    const found = this.#tally.end();
    if (said.entries !== found.entries) {
      this.#say(`its last line says ${show(said.entries)} entries, and it has ${found.entries}`);
    }
    const wrong = GROUPS.filter((group) => said.counts?.[group] !== found.counts[group]);
    for (const group of wrong) {
      this.#say(`its last line says ${show(said.counts?.[group])} ${group}, and it has ${found.counts[group]}`);
    }
    if (said.sha256 !== found.sha256) this.#say('its checksum is not that of its entries: it was damaged or changed');
  }
}

function problemOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
