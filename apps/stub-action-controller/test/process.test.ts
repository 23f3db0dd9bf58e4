import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EXAMPLES, matching } from './stand.ts';

const MAIN = `${import.meta.dirname}/../dist/main.js`;

/** Runs the built program to its end. */
function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test('--help says every option', async () => {
  const { code, stdout } = await run('--help');
  expect(code).toBe(0);
  const options = stdout.match(/^ {2}--[a-z-]+/gm)?.map((option) => option.trim());
  expect(options?.join(' ')).toBe(
    '--definitions --listen --control --node-agent --repair-delay-ms --refuse-failed --help',
  );
});

test('every bad option is said at once, with exit code 2', async () => {
  const bad =
    '--definitions=/nowhere --listen=:1 --control=x:70000 --node-agent=x --repair-delay-ms=-1 --refuse-failed=1';
  const { code, stderr } = await run(...bad.split(' '), '--bar', 'foo');
  expect(code).toBe(2);
  const named = ["'foo'", '--bar', '--listen', '--control', '--node-agent', '--repair-delay-ms', '--refuse-failed'];
  expect(stderr.split('\n').map((line) => named.find((name) => line.includes(name)))).toEqual([
    ...named,
    undefined,
    undefined,
    undefined,
  ]);
  expect(stderr).toContain('/nowhere');
});

test('a port that is taken ends it with exit code 1 and a sentence', async () => {
  const { controller, lines } = await start();
  const { code, stdout } = await run(
    '--definitions',
    `${EXAMPLES}/definitions`,
    '--listen',
    `${lines()[0]?.['listening']}`,
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ level: 'error', error: matching(/EADDRINUSE/) });
  controller.kill();
  await once(controller, 'exit');
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with exit code 0', async (signal) => {
  const { controller, lines } = await start();
  expect((await fetch(`http://${lines()[0]?.['control']}/healthz`)).status).toBe(200);
  controller.kill(signal);
  expect(await once(controller, 'close')).toEqual([0, null]);
  expect(lines().map(({ msg }) => msg)).toEqual(['ActionController is up', 'stopping', 'stopped']);
});

async function start() {
  const args = ['--definitions', `${EXAMPLES}/definitions`, '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0'];
  const controller = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  controller.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(controller.stdout, 'data');
  const lines = () =>
    output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
  return { controller, lines };
}
