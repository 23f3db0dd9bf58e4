import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { retryRules } from '../src/retry.ts';
import { controller, program } from './harness.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test("the README's example runs as it is printed", async () => {
  const peer = await controller();
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(example).toContain('http://127.0.0.1:47001');
  const { exitCode, output } = await program(example.replace('http://127.0.0.1:47001', peer.url));
  expect(output).toBe('accepted: did Reconcile\n');
  expect(exitCode).toBe(0);
  expect(peer.calls).toMatchObject([{ method: 'Reconcile', request: { scenarioName: 'helloworld' } }]);
});

test("the README's table of what is tried again is the code's", () => {
  const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
  const printed = rows.map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''))
      .slice(1, -1),
  );
  expect(printed).toEqual(
    retryRules.map(({ code, grpcCodes = [], repeated }) => [code, grpcCodes.join(', '), repeated]),
  );
});
