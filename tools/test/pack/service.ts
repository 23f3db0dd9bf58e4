import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { environment } from '../../process.ts';

/** Starts a `state-manager` command in a folder and waits until it listens. */
export async function startService(
  command: string,
  cwd: string,
): Promise<{ readonly address: string; stop(): Promise<number | null> }> {
  const args = ['--listen', '127.0.0.1:0', '--store', 'sqlite:service/state.db'];
  const child = spawn(command, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout });
  for await (const text of lines) {
    const { listening } = JSON.parse(text) as { listening?: string };
    if (listening === undefined) continue;
    child.stdout.resume();
    return {
      address: listening,
      stop: async () => {
        child.kill('SIGTERM');
        return (await exited)[0];
      },
    };
  }
  throw new Error(`${command} ended before it listened`);
}
