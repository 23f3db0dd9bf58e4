import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runProgram } from '../src/testing/index.ts';
import { startHealthServer } from './health-server.ts';

const folder = new URL('..', import.meta.url);
const readme = readFileSync(new URL('README.md', folder), 'utf8');

test("the README's example runs as it is printed", async () => {
  const server = await startHealthServer();
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(example).toContain('http://127.0.0.1:47006');
  const { exitCode, output } = await runProgram(example.replace('http://127.0.0.1:47006', server.url), folder);
  expect(output).toBe('health: SERVING\n');
  expect(exitCode).toBe(0);
});
