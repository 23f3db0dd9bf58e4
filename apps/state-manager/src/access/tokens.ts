import { createHash, timingSafeEqual } from 'node:crypto';

interface Token {
  readonly hash: Buffer;
  readonly identity: string;
}

/** How many tokens one file may hold: each call with one is compared with all. */
const MAX_COUNT = 10_000;
const MAX_TOKEN_LENGTH = 4096;

/** Tokens that stand for names. They are known by their hashes only. */
export class Tokens {
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The name that a token stands for; undefined if it is none. It takes as long whichever token it is. */
  identityOf(token: string): string | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const hash = createHash('sha256').update(token).digest();
    let found: string | undefined;
    for (const known of this.#tokens) if (timingSafeEqual(known.hash, hash)) found = known.identity;
    return found;
  }
}

/**
 * Reads a file of tokens: a line each, `<sha256 in hex> <name>`; empty lines and those that begin with # do not count.
 * Throws an error that names the lines that are wrong, and nothing of what is in them.
 */
export function parseTokens(text: string): Tokens {
  const tokens: Token[] = [];
  const bad: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /^([0-9a-fA-F]{64})\s+(\S{1,253})$/.exec(line.trim());
    if (match?.[1] === undefined || match[2] === undefined) bad.push(i + 1);
    else tokens.push({ hash: Buffer.from(match[1], 'hex'), identity: match[2] });
  }
  if (bad.length > 0) {
    const lines = `line${bad.length > 1 ? 's' : ''} ${bad.slice(0, 10).join(', ')}`;
    throw new Error(`${lines}: must be the SHA-256 of a token in hex, a space, and the name it stands for`);
  }
  if (tokens.length > MAX_COUNT) throw new Error(`it may hold ${MAX_COUNT} tokens`);
  return new Tokens(tokens);
}
