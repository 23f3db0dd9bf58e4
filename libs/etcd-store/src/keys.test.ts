import { describe, expect, it } from 'vitest';
import { Keys, keyAfter } from './keys.ts';

/** Keys beside each other in the order of their bytes. */
const TEXTS = ['', '\0', '/', '/a', '/a/', '/a0', '/b', 'é', '한', '\uffff', '\u{1f600}', '\u{10ffff}'];

describe.each(['', 'fleet-1/', 'é', '\u{10ffff}'])('keys under the namespace %j', (namespace) => {
  const keys = new Keys(namespace);

  it('come back as they were', () => {
    for (const text of TEXTS) {
      expect(keys.bytesOf(text).toString()).toBe(namespace + text);
      expect(keys.textOf(keys.bytesOf(text))).toBe(text);
    }
  });

  it('are in the range of a prefix exactly if they begin with it', () => {
    for (const prefix of TEXTS.slice(1)) {
      const { key: from, range_end: to } = keys.rangeOf(prefix);
      for (const text of TEXTS) {
        const bytes = keys.bytesOf(text);
        const isInside = Buffer.compare(from, bytes) <= 0 && Buffer.compare(bytes, to) < 0;
        expect(isInside, `${JSON.stringify(text)} under ${JSON.stringify(prefix)}`).toBe(text.startsWith(prefix));
      }
    }
  });

  it('are all in the range of the empty prefix, and nothing else is', () => {
    const { key, range_end: to } = keys.rangeOf('');
    if (namespace === '') {
      expect([key, to]).toEqual([Buffer.from([0]), Buffer.from([0])]);
    } else {
      expect(key.toString()).toBe(namespace);
      expect(Buffer.compare(Buffer.concat([key, Buffer.from([0xf4, 0x8f, 0xbf, 0xbf])]), to)).toBe(-1);
      expect(to.length).toBe(key.length);
    }
  });
});

it('nothing is between a key and the one after it', () => {
  expect(keyAfter(Buffer.from('/a'))).toEqual(Buffer.from('/a\0'));
});
