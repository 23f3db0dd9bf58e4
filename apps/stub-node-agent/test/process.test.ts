import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const MAIN = `${import.meta.dirname}/../dist/main.js`;
const FLEET = `${import.meta.dirname}/../../../examples/fleet.yaml`;

test('--help says every option', () => {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  for (const option of ['fleet', 'listen', 'state-manager', 'poll-ms', 'repeat-failed']) {
    expect(stdout).toContain(`--${option}`);
  }
});

test('every bad option is said at once, with exit code 2', () => {
  const args = ['--fleet', '/nowhere', '--listen', 'x', '--poll-ms', '0', '--state-manager', 'ftp://x', '--foo', 'bar'];
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--repeat-failed=yes'], { encoding: 'utf8' });
  expect(status).toBe(2);
  for (const word of ['--fleet', '--listen', '--poll-ms', '--state-manager', '--foo', "'bar'", '--repeat-failed']) {
    expect(stderr).toContain(word);
  }
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with exit code 0', async (signal) => {
  const args = [MAIN, '--fleet', FLEET, '--listen', '127.0.0.1:0', '--state-manager', 'http://127.0.0.1:9'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Record<string, string>[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(JSON.parse(line) as Record<string, string>);
    if (lines.length > 1) continue;
    expect(lines[0]?.['listening']).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await fetch(`http://${lines[0]?.['listening']}/healthz`)).status).toBe(200);
    child.kill(signal);
  }
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
});
