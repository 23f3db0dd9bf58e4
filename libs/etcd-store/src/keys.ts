import { assertKey } from '@statemanager/state-store';

/** What etcd takes as "from the first key" and as "to the last one". */
const ZERO = Buffer.from([0]);

/** The store's keys as etcd has them: all of them behind one prefix, the namespace, which callers never see. */
export class Keys {
  readonly #namespace: string;
  readonly #namespaceBytes: number;

  /** An empty namespace leaves the keys as they are. Throws `invalid_argument` if it is not Unicode text. */
  constructor(namespace: string) {
    if (namespace !== '') assertKey(namespace);
    this.#namespace = namespace;
    this.#namespaceBytes = Buffer.byteLength(namespace);
  }

  /** A key of the store as etcd has it. */
  bytesOf(key: string): Buffer {
    return Buffer.from(this.#namespace + key);
  }

  /** What {@link bytesOf} made of a key, back again. */
  textOf(key: Buffer): string {
    return key.toString('utf8', this.#namespaceBytes);
  }

  /** The keys that begin with `prefix`, as etcd's range: from the first key to the one before `range_end`. */
  rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
    const key = this.bytesOf(prefix);
    if (key.length === 0) return { key: ZERO, range_end: ZERO };
    const end = Buffer.from(key);
    // UTF-8 has no byte 0xff, so the last byte can always grow.
    end[end.length - 1] = (end[end.length - 1] as number) + 1;
    return { key, range_end: end };
  }
}

/** The key right after `key`, both as etcd has them. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, ZERO]);
}
