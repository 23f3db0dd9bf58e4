/** What etcd takes as "from the first key" and as "to the last one". */
const ZERO = Buffer.from([0]);

/** The keys that begin with `prefix`, as etcd's range: from the first key to the one before `range_end`. */
export function rangeOfPrefix(prefix: string): { key: Buffer; range_end: Buffer } {
  if (prefix === '') return { key: ZERO, range_end: ZERO };
  const key = Buffer.from(prefix);
  const end = Buffer.from(key);
  // UTF-8 has no byte 0xff, so the last byte can always grow.
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return { key, range_end: end };
}

/** The key right after `key`. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, ZERO]);
}
