import { beforeAll, describe, expect, it } from 'vitest';
import { decidedStore, exportText, readText, textOf } from '../../test/kit/transfer.ts';
import type { FileEntry } from './file-format.ts';
import { TransferError } from './transfer-error.ts';

const STATE: FileEntry = { key: '/package/p/state', value: 'Idle' };

async function problemsOf(text: string | Buffer): Promise<readonly string[]> {
  const failure = await readText(text).then(
    () => new TransferError([]),
    (error: TransferError) => error,
  );
  expect(failure).toBeInstanceOf(TransferError);
  return failure.problems;
}

describe('an exported file', () => {
  let text: string;
  let lines: readonly string[];

  beforeAll(async () => {
    text = await exportText(await decidedStore());
    lines = text.split(/(?<=\n)/);
  });

  it('reads as what it was written from, in chunks of any size', async () => {
    const whole = await readText(text);
    expect(whole.trailer.counts).toEqual({
      ...{ definitions: 2, states: 4, records: 4, nodes: 1 },
      ...{ history: whole.trailer.counts.history, intents: 1 },
    });
    expect(whole.entries).toHaveLength(whole.trailer.entries);
    for (const size of [1, 13, 1_000_000]) expect(await readText(text, size)).toEqual(whole);
  });

  it('may have lost its last line feed, and nothing else', async () => {
    expect(await problemsOf(text.trimEnd())).toEqual([]);
  });

  it('that ends anywhere before its end is refused', async () => {
    for (let end = 0; end < text.length - 1; end += 37) {
      expect(await problemsOf(text.slice(0, end)), `cut off at ${end}`).not.toEqual([]);
    }
    const cutOff = [
      expect.stringMatching(/^it ends with line \d+, before the line that ends an export: it was cut off$/),
    ];
    expect(await problemsOf(lines.slice(0, 4).join(''))).toEqual(cutOff);
    expect(await problemsOf(lines.slice(0, 4).join('').slice(0, -5))).toEqual(cutOff);
    expect(await problemsOf('')).toEqual(['it is empty']);
  });

  it('with any byte of an entry changed is refused', async () => {
    const begin = lines[0]?.length ?? 0;
    const end = text.length - (lines.at(-1)?.length ?? 0);
    for (let at = begin; at < end; at += 11) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(await problemsOf(bytes), `byte ${at}`).not.toEqual([]);
    }
  });

  it('that lost an entry says which counts are wrong', async () => {
    const without = lines.filter((line) => !line.includes('"/model/a/state"')).join('');
    expect(await problemsOf(without)).toEqual([
      expect.stringMatching(/^its last line says \d+ entries, and it has \d+$/),
      'its last line says 4 states, and it has 3',
      'its checksum is not that of its entries: it was damaged or changed',
    ]);
  });
});

describe('a file', () => {
  it.each<[string, () => string, RegExp]>([
    [
      'of another version',
      () => textOf([]).replace('"version":1', '"version":2'),
      /^line 1 says format version 2; this/,
    ],
    ['of another program', () => '{"format":"else"}\n', /^line 1 does not begin an export of StateManager$/],
    ['that is no JSON', () => 'kind: Package\n', /^line 1 holds no JSON object$/],
    ['that is binary', () => '\u0000\u0001', /^line 1 holds no JSON object$/],
    ['with half a header', () => textOf([]).replace('"store"', '"stor"'), /^line 1 must say store, time and revision$/],
    [
      'with a key of nobody',
      () => textOf([{ ...STATE, key: '/else' }]),
      /^line 2: "\/else" is no key of StateManager's$/,
    ],
    ['with the fence', () => textOf([{ ...STATE, key: '/statemanager/commit' }]), /is no key of StateManager's$/],
    ['with a key twice', () => textOf([STATE, STATE]), /^line 3: \/package\/p\/state stands twice$/],
    [
      'out of order',
      () => textOf([STATE, { key: '/model/m/state', value: 'Dead' }]),
      /^line 3: \/model\/m\/state stands after \/package\/p\/state, which is out of order$/,
    ],
    [
      'with a value that is none',
      () => textOf([{ ...STATE, value: 'Fine' }]),
      /^line 2: .*"Fine" is no state of a package$/,
    ],
    [
      'with half a surrogate pair',
      () => textOf([{ key: 'Package/p', value: '\ud800' }]),
      /^line 2: the value of 'Package\/p' must be well-formed Unicode$/,
    ],
    [
      'with more than an entry',
      () => textOf([{ ...STATE, ttl: 1 } as FileEntry]),
      /^line 2 must hold a key and a value, both texts, and nothing else$/,
    ],
    ['with a list', () => textOf([]).replace('\n', '\n[]\n'), /^line 2 holds no JSON object$/],
    ['that goes on', () => textOf([]) + '{}\n', /^line 3 stands after the line that ends an export$/],
    [
      'with an odd last line',
      () => textOf([]).replace(/"counts":\{.*?\}/, '"counts":null'),
      /^its last line says nothing/,
    ],
    [
      'that marks as unreadable what can be read',
      () => textOf([{ ...STATE, unreadable: true }]),
      /^line 2: \/package\/p\/state is marked as unreadable, and this release reads it/,
    ],
  ])('%s is refused', async (_, text, said) => {
    expect(await problemsOf(text())).toContainEqual(expect.stringMatching(said));
  });

  it('is taken with a value that whoever exported it could not read', async () => {
    const entry = { key: '/package/p/state', value: 'Fine', unreadable: true } as const;
    expect((await readText(textOf([entry]))).entries).toEqual([entry]);
  });

  it('says at most 20 problems, and how many more there are', async () => {
    const problems = await problemsOf(textOf(Array.from({ length: 30 }, () => ({ key: 'else', value: '' }))));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toMatch(/^and \d+ more problems$/);
  });

  describe('with a record', () => {
    const record = (revision: number): FileEntry => ({
      key: '/statemanager/record/package/p',
      value: JSON.stringify({
        ...{ v: 1, state: null, since: 0, rule: '', cause: '', source: '', generation: 0, applied: [] },
        definition: { revision, models: [] },
      }),
    });

    it('is refused if it names a revision of some store', async () => {
      expect(await problemsOf(textOf([record(7)]))).toEqual([
        'line 2: the definition of /statemanager/record/package/p must have the revision 0 or 1, not 7',
      ]);
    });

    it('is refused if the document that the record was made from is not there', async () => {
      expect(await problemsOf(textOf([record(1)]))).toEqual([
        '/statemanager/record/package/p was made from Package/p, which is not in the file',
      ]);
      expect(await problemsOf(textOf([record(0)]))).toEqual([]);
      expect(await problemsOf(textOf([record(1), { key: 'Package/p', value: '' }]))).toEqual([]);
    });
  });
});
