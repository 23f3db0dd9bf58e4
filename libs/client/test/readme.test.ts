import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { retryRules } from '../src/retry.ts';
import { program, server } from './harness.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test("the README's example runs as it is printed", async () => {
  const only = await server();
  only.watchScript = async function* () {
    const resources = [{ kind: 'scenario', name: 'helloworld', state: 'Idle' }];
    yield await Promise.resolve({
      revision: 1n,
      message: { case: 'snapshot', value: { resources, complete: true } },
    } as const);
  };
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(example).toContain('127.0.0.1:47006');
  const { exitCode, output } = await program(example.replace('127.0.0.1:47006', only.address));
  expect(output).toBe('it is idle\nhelloworld Idle\n');
  expect(exitCode).toBe(0);
});

test("the README's table of what is tried again is the code's", () => {
  const rows = readme.split('## What is tried again')[1]?.split('\n') ?? [];
  const printed = rows
    .filter((line) => line.startsWith('| `'))
    .map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );
  expect(printed).toEqual(
    retryRules.map(({ code, grpcCodes = [], notLeading, repeated }) => [
      code,
      grpcCodes.join(', '),
      notLeading === true ? 'yes' : '',
      repeated,
    ]),
  );
});
