import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
