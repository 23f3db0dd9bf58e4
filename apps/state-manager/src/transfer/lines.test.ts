import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';

async function split(text: string, chunkBytes: number, maxBytes = 100): Promise<[number, string, boolean][]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield await Promise.resolve(bytes.subarray(i, i + chunkBytes));
  }
  const lines: [number, string, boolean][] = [];
  for await (const { number, bytes, isWhole } of linesOf(chunks(), maxBytes)) {
    lines.push([number, bytes.toString(), isWhole]);
  }
  return lines;
}

describe.each([1, 2, 3, 7, 1000])('linesOf, in chunks of %i bytes', (chunkBytes) => {
  it('splits at line feeds only, and gives every byte', async () => {
    const text = 'a\u2028b\r\n\n{"é":"\u0085"}\nlast';
    expect(await split(text, chunkBytes)).toEqual([
      [1, 'a\u2028b\r\n', true],
      [2, '\n', true],
      [3, '{"é":"\u0085"}\n', true],
      [4, 'last', false],
    ]);
    expect(await split('', chunkBytes)).toEqual([]);
    expect(await split('x\n', chunkBytes)).toEqual([[1, 'x\n', true]]);
  });

  it('takes no line without end into memory', async () => {
    await expect(split(`short\n${'x'.repeat(2000)}`, chunkBytes)).rejects.toThrow('line 2 is longer than 100 bytes');
  });
});
