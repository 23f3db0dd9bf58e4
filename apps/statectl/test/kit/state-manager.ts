import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../../state-manager/dist/main.js', import.meta.url));
export const EXAMPLES = fileURLToPath(new URL('../../../../examples', import.meta.url));

/** The built service, with the example definitions and a store in memory. */
export interface StateManager {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts the service and waits until it leads. */
export async function startStateManager(flags: readonly string[] = []): Promise<StateManager> {
  const listen = ['--listen', '127.0.0.1:0', '--action-controller', 'http://127.0.0.1:9'];
  const args = [ENTRY, ...listen, '--store', 'memory:', '--definitions', `${EXAMPLES}/definitions`, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const address = await new Promise<string>((resolve, reject) => {
    let listening = '';
    child.on('exit', () => reject(new Error('state-manager ended before it led')));
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { readonly listening?: string; readonly msg?: string };
      listening = line.listening ?? listening;
      if (line.msg?.startsWith('leading') === true) resolve(listening);
    });
  });
  return {
    address,
    stop: async () => {
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
