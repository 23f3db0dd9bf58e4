import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { joinFiles, placeLines, shortDiff } from './commands/apply.ts';
import { readDocuments, readFiles } from './documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'statectl-documents-'));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('documents know their file and their first line, and empty ones are left out', async () => {
  const file = put('many.yaml', '# only a comment\n---\na: 1\n---\n---\n# c\nb: |\n  --- no\n--- {c: 3}\n');
  expect(await readDocuments([file])).toEqual([
    { file, line: 3, text: 'a: 1\n' },
    { file, line: 6, text: '# c\nb: |\n  --- no\n' },
    { file, line: 9, text: '{c: 3}\n' },
  ]);
});

test('a folder is its YAML files by name', async () => {
  put('b.yml', 'b: 1\n');
  put('ignored.txt', 'x');
  const files = (await readFiles([folder])).map(({ file }) => file.slice(folder.length + 1));
  expect(files).toEqual(['b.yml', 'many.yaml']);
});

test('what cannot be read is refused by name', async () => {
  await expect(readFiles([join(folder, 'none.yaml')])).rejects.toThrow(/none\.yaml: there is no such file/);
  await expect(readDocuments([put('empty.yaml', '# nothing\n')])).rejects.toThrow(/holds no document/);
});

test('a line of joined files is said as the line of its own file', () => {
  const joined = joinFiles([
    { file: 'a.yaml', text: 'one\ntwo' },
    { file: 'b.yaml', text: 'three\nfour\n' },
    { file: 'c.yaml', text: 'five\n' },
  ]);
  expect(joined.yaml).toBe('one\ntwo\n---\nthree\nfour\n---\nfive\n');
  const place = (line: number): string => placeLines(`line ${line}: bad`, joined.parts);
  expect(place(2)).toBe('line 2 of a.yaml: bad');
  expect(place(4)).toBe('line 1 of b.yaml: bad');
  expect(place(5)).toBe('line 2 of b.yaml: bad');
  expect(place(7)).toBe('line 1 of c.yaml: bad');
});

test('a diff keeps what is near a difference', () => {
  const lines = [' 1', ' 2', ' 3', ' 4', ' 5', '-6', '+7', ' 8', ' 9', ' 10', ' 11', ' 12'];
  expect(shortDiff(lines)).toEqual(['…', ' 3', ' 4', ' 5', '-6', '+7', ' 8', ' 9', ' 10', '…']);
});
