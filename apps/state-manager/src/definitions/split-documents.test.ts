import { describe, expect, it } from 'vitest';
import { splitDocuments } from './split-documents.ts';

/** The lines of a text that begin a document's own text. */
function firstLines(text: string): readonly string[] {
  const lines = text.split('\n');
  return splitDocuments(text).map(({ line, text: own }) => {
    const [first = ''] = own.split('\n');
    expect(lines[line - 1]).toBe(first);
    return `${line}: ${first}`;
  });
}

describe('splitDocuments', () => {
  it('gives a single document as it is', () => {
    const text = '# a comment\nkind: Model\n';
    expect(splitDocuments(text)).toEqual([{ text, line: 1 }]);
  });

  it('gives each of several without its marker, and the line in which it begins', () => {
    expect(splitDocuments('a: 1\n---\nb: 2\n---\nc: 3\n')).toEqual([
      { text: 'a: 1\n', line: 1 },
      { text: 'b: 2\n', line: 3 },
      { text: 'c: 3\n', line: 5 },
    ]);
  });

  it('leaves every document its comments, so that each is what it would be in a file of its own', () => {
    expect(splitDocuments('# one\na: 1\n---\n# two\nb: 2\n')).toEqual([
      { text: '# one\na: 1\n', line: 1 },
      { text: '# two\nb: 2\n', line: 4 },
    ]);
  });

  it.each([
    ['a marker in front', '---\na: 1\n---\nb: 2\n', ['2: a: 1', '4: b: 2']],
    ['Windows’ line ends', 'a: 1\r\n---\r\nb: 2\r\n', ['1: a: 1\r', '3: b: 2\r']],
    ['blank lines around', '\n\na: 1\n\n\n---\n\n\nb: 2\n', undefined],
    ['comments in front of a marker', 'a: 1\n# one\n---\n# two\nb: 2\n', undefined],
    ['a comment beside a marker', 'a: 1\n--- # two\nb: 2\n', undefined],
    ['documents on their marker’s line', '--- {a: 1}\n--- {b: 2}\n', undefined],
    ['end markers', 'a: 1\n...\n---\nb: 2\n...\n', undefined],
  ])('copes with %s', (_, text, expected) => {
    const found = firstLines(text);
    expect(found).toHaveLength(2);
    if (expected !== undefined) expect(found).toEqual(expected);
    const [first, second] = splitDocuments(text);
    expect(first?.text).toContain('a: 1');
    expect(second?.text).toContain('b: 2');
    expect(second?.text).not.toContain('a: 1');
  });

  it('does not take a marker inside a block of text for one', () => {
    expect(splitDocuments('a: |\n  x\n  ---\n  y\nb: 2\n')).toHaveLength(1);
  });

  it.each(['', '\n', '---\n', '---\n---\n', '# nothing\n', '---\n# nothing\n---\n~\n', 'null\n'])(
    'leaves out what holds nothing: %j',
    (text) => {
      expect(splitDocuments(text)).toEqual([]);
    },
  );

  it('leaves out what holds nothing between others', () => {
    expect(firstLines('a: 1\n---\n# nothing\n---\n\n---\nb: 2\n')).toEqual(['1: a: 1', '7: b: 2']);
  });

  it('keeps what is broken, for whoever reads it', () => {
    expect(splitDocuments('a: [1\n---\nb: 2\n').length).toBeGreaterThan(0);
    expect(splitDocuments('a: 1\n---\nb: [2\n')).toHaveLength(2);
  });
});
