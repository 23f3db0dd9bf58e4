import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import * as proto from '../src/index.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
/** Whatever the terminal that the tests run in wants, the example is to print plain text. */
const env = { ...process.env, FORCE_COLOR: '0' };
const readme = readFileSync(`${folder}/README.md`, 'utf8');

it("the README's example runs as it is printed", async () => {
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const args = ['--input-type=module-typescript', '-e', example];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
  // A varint field of two bytes, and a string field of two bytes and ten characters.
  expect(stdout).toBe('14 helloworld\n');
});

it("the README's table names every export", () => {
  const named = readme.split('\n').filter((line) => line.startsWith('| `'));
  const exports = named.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1]),
  );
  expect(exports.toSorted()).toEqual(Object.keys(proto).toSorted());
});
