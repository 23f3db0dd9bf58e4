import { isAscii, isUtf8 } from 'node:buffer';
import { isName, MAX_NAME_LENGTH, type ReportedContainer } from '@statemanager/state-machine';
import {
  ANNOTATIONS,
  CONFIG,
  containerOf,
  describeMisnamed,
  FACTS,
  NAME_PREFIX,
  withoutSlash,
  type ReadReport,
} from './read-report.ts';

/*
 * A report is nearly all text that the rules never look at, and decoding it costs more than everything else that an
 * unchanged report needs. This reader walks over the bytes and takes out the few texts that matter.
 */

/** The tags of `monitoringserver.ContainerList`, `ContainerInfo` and of a map's entry; all are length-delimited. */
const LIST = { nodeName: 0x0a, containers: 0x12 } as const;
const INFO = { id: 0x0a, names: 0x12, image: 0x1a, state: 0x22, config: 0x2a, annotation: 0x32, stats: 0x3a } as const;
const ENTRY = { key: 0x0a, value: 0x12 } as const;

/**
 * Reads a report's message. Gives exactly what the generated decoder and `readReport` give, or undefined for everything
 * that is out of the ordinary: then those two have the word, and the error to say. (`skim-report.test.ts` holds both
 * against each other.)
 */
export function skimReport(message: Buffer, maxContainersCount: number): ReadReport | undefined {
  const skim = new Skim(message);
  const report = skim.list(maxContainersCount);
  return skim.failed ? undefined : report;
}

class Skim {
  /** Something is not as it nearly always is. */
  failed = false;
  readonly #bytes: Buffer;
  #at = 0;
  /** Whether the container that is read holds nothing but ASCII, so that its texts need not be looked at. */
  #ascii = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  list(maxContainersCount: number): ReadReport {
    const containers: ReportedContainer[] = [];
    const misnamed: string[] = [];
    let node = '';
    let count = 0;
    while (this.#at < this.#bytes.length && !this.failed) {
      const tag = this.#bytes[this.#at];
      this.#at += 1;
      const end = this.#length(this.#bytes.length);
      if (tag === LIST.containers) {
        count += 1;
        const container = this.#container(end, misnamed);
        if (container !== undefined) containers.push(container);
      } else if (tag === LIST.nodeName) {
        node = this.#bytes.toString('latin1', this.#at, end);
        // A name is ASCII. One that is none, also if another follows, has an error of its own.
        this.failed ||= !isName(node);
      } else this.failed = true;
      this.#at = end;
    }
    // So has a report without a name, and one of too many containers.
    if (node === '' || count > maxContainersCount) this.failed = true;
    return { node, containers, misnamed };
  }

  #container(end: number, misnamed: string[]): ReportedContainer | undefined {
    this.#ascii = isAscii(this.#bytes.subarray(this.#at, end));
    const seen = new SeenContainer();
    while (this.#at < end && !this.failed) {
      const tag = this.#bytes[this.#at];
      this.#at += 1;
      const fieldEnd = this.#length(end);
      switch (tag) {
        case INFO.id:
          seen.id = this.#text(this.#at, fieldEnd);
          break;
        case INFO.names:
          seen.addName(this.#text(this.#at, fieldEnd));
          break;
        case INFO.image:
          this.#check(this.#at, fieldEnd);
          break;
        case INFO.state:
        case INFO.config:
        case INFO.annotation:
        case INFO.stats:
          this.#entry(tag, fieldEnd, seen);
          break;
        default:
          this.failed = true;
      }
      this.#at = fieldEnd;
    }
    return this.failed ? undefined : seen.read(misnamed);
  }

  /** One entry of a map. Encoders leave out a key or a value that is empty, and may write them in any order. */
  #entry(map: number, end: number, seen: SeenContainer): void {
    const bytes = this.#bytes;
    const at = this.#at;
    if (this.#ascii) {
      // No length has its high bit set, so each is one byte. Nearly every entry is a key and a value.
      const keyAt = at + 2;
      const keyEnd = keyAt + (bytes[at + 1] as number);
      const valueAt = keyEnd + 2;
      if (bytes[at] === ENTRY.key && bytes[keyEnd] === ENTRY.value && valueAt + (bytes[keyEnd + 1] as number) === end) {
        if (map !== INFO.stats) this.#found(map, keyAt, keyEnd, valueAt, end, seen);
        return;
      }
    }
    this.#oddEntry(map, end, seen);
  }

  #oddEntry(map: number, end: number, seen: SeenContainer): void {
    let keyAt = 0;
    let keyEnd = 0;
    let valueAt = 0;
    let valueEnd = 0;
    while (this.#at < end && !this.failed) {
      const tag = this.#bytes[this.#at];
      this.#at += 1;
      const fieldEnd = this.#length(end);
      this.#check(this.#at, fieldEnd);
      if (tag === ENTRY.key) {
        keyAt = this.#at;
        keyEnd = fieldEnd;
      } else if (tag === ENTRY.value) {
        valueAt = this.#at;
        valueEnd = fieldEnd;
      } else this.failed = true;
      this.#at = fieldEnd;
    }
    if (!this.failed && map !== INFO.stats) this.#found(map, keyAt, keyEnd, valueAt, valueEnd, seen);
  }

  #found(map: number, keyAt: number, keyEnd: number, valueAt: number, valueEnd: number, seen: SeenContainer): void {
    const keyLength = keyEnd - keyAt;
    if (map === INFO.state) {
      const fact = FACT_OF_LENGTH[keyLength];
      if (fact !== undefined && this.#is(fact.key, keyAt)) seen.facts[fact.index] = this.#word(valueAt, valueEnd);
      // Some versions of Podman spell facts in lower case; which of two counts is said elsewhere.
      const first = this.#bytes[keyAt] as number;
      if (keyLength > 0 && first >= 0x61 && first <= 0x7a) this.failed = true;
    } else if (map === INFO.annotation) {
      const annotation = ANNOTATION_OF_LENGTH[keyLength];
      if (annotation === undefined || !this.#is(annotation.key, keyAt)) return;
      seen.annotations[annotation.index] = this.#text(valueAt, valueEnd);
    } else if (keyLength === CONFIG_KEY.length && this.#is(CONFIG_KEY, keyAt)) {
      seen.configured = this.#text(valueAt, valueEnd);
    }
  }

  /** Whether the bytes from there on are these, of which there are as many. */
  #is(expected: Buffer, at: number): boolean {
    for (let i = 0; i < expected.length; i += 1) if (this.#bytes[at + i] !== expected[i]) return false;
    return true;
  }

  /** A text that is nearly always one of a few, which need not be made anew. */
  #word(at: number, end: number): string {
    const usual = USUAL_OF_LENGTH[end - at];
    return usual !== undefined && this.#is(usual.bytes, at) ? usual.text : this.#text(at, end);
  }

  #text(at: number, end: number): string {
    if (this.#ascii) return this.#bytes.toString('latin1', at, end);
    this.#check(at, end);
    return this.#bytes.toString('utf8', at, end);
  }

  /** A text that is no UTF-8 has an error of its own, whether or not anybody looks at it. */
  #check(at: number, end: number): void {
    if (!this.#ascii && !isUtf8(this.#bytes.subarray(at, end))) this.failed = true;
  }

  /** Reads a length, and gives where what is so long ends. */
  #length(limit: number): number {
    let length = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        const end = this.#at + length;
        if (end > limit) break;
        return end;
      }
    }
    this.failed = true;
    return limit;
  }
}

interface Key {
  readonly key: Buffer;
  readonly index: number;
}

/** No two of these are equally long, so that the length tells which one a key may be. */
function byLength(keys: readonly string[]): readonly (Key | undefined)[] {
  const found: (Key | undefined)[] = Array.from({ length: Math.max(...keys.map(({ length }) => length)) + 1 });
  keys.forEach((key, index) => (found[key.length] = { key: Buffer.from(key), index }));
  return found;
}

const FACT_OF_LENGTH = byLength(FACTS);
const ANNOTATION_OF_LENGTH = byLength(ANNOTATIONS);
const CONFIG_KEY = Buffer.from(CONFIG);
const USUAL_OF_LENGTH = byLength(['0', 'true', 'false', 'exited', 'running']).map(
  (usual) => usual && { bytes: usual.key, text: usual.key.toString() },
);

/** What was found of one container. */
class SeenContainer {
  id = '';
  configured: string | undefined;
  /** In the order of {@link ANNOTATIONS}: the first that is present counts. */
  readonly annotations: (string | undefined)[] = [undefined, undefined, undefined];
  /** In the order of {@link FACTS}. */
  readonly facts: (string | undefined)[] = [undefined, undefined, undefined, undefined, undefined];
  #name: string | undefined;
  #modelByName: string | undefined;

  addName(name: string): void {
    const bare = withoutSlash(name);
    this.#name ??= bare;
    if (bare.startsWith(NAME_PREFIX)) this.#modelByName ??= bare.slice(NAME_PREFIX.length);
  }

  /** The container; undefined if it is nobody's. */
  read(misnamed: string[]): ReportedContainer | undefined {
    const model =
      this.annotations[0] ?? this.annotations[1] ?? this.annotations[2] ?? this.configured ?? this.#modelByName;
    if (model === undefined) return undefined;
    const name = (this.#name || this.id).slice(0, MAX_NAME_LENGTH);
    if (isName(model)) return containerOf(model, name, this.facts);
    misnamed.push(describeMisnamed(name, model));
    return undefined;
  }
}
