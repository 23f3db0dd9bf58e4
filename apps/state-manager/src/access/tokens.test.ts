import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseTokens } from './tokens.ts';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

describe('tokens', () => {
  it('stand for names', () => {
    const tokens = parseTokens(`# a comment\n\n${hashOf('secret')} alice\n${hashOf('other').toUpperCase()}  bob\r\n`);
    expect([tokens.identityOf('secret'), tokens.identityOf('other')]).toEqual(['alice', 'bob']);
    for (const wrong of ['', 'Secret', 'secret ', 'x'.repeat(5000)]) expect(tokens.identityOf(wrong)).toBeUndefined();
  });

  it('are refused with the lines that are wrong, and without what is in them', () => {
    const text = `${hashOf('a')} alice\nsecret alice\n${hashOf('b')}\n`;
    expect(() => parseTokens(text)).toThrow(/^lines 2, 3: must be the SHA-256 of a token in hex/);
    expect(() => parseTokens(text)).not.toThrow(/secret|alice/);
  });
});
