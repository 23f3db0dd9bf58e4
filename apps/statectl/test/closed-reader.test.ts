import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ENTRY } from './kit/statectl.ts';

describe('a reader that has gone away', () => {
  it.each([[['--help']], [['get', '--help']], [['completion', 'bash']]])(
    'ends the command quietly: %j',
    async (args) => {
      const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.destroy();
      const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      expect({ said, code: child.exitCode }).toEqual({ said: '', code: 0 });
    },
  );
});

it.skipIf(!existsSync('/dev/full'))('a full disk behind standard output is said in one line', () => {
  const { status, stderr } = spawnSync(process.execPath, [ENTRY, '--help'], {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^error: standard output cannot be written: .*ENOSPC.*\n$/) as string,
  });
});

it('--version is a command’s own', () => {
  const { status, stdout } = spawnSync(process.execPath, [ENTRY, '--version'], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+/)]);
});
