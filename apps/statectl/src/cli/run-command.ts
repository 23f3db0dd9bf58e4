import { EXIT, StatectlError } from '../failure.ts';
import { processOut, type Out } from '../output/out.ts';
import type { IdentityFiles } from '../server/identity.ts';
import type { Shell } from '../shell.ts';
import { readSettings } from './settings.ts';

/** What stands before or after any command. */
export interface GlobalOptions extends IdentityFiles {
  readonly server?: string;
  readonly context?: string;
  readonly timeout?: string;
  readonly color?: boolean;
}

/** Takes the exit code. */
export type Finish = (exitCode: number) => void;

/** Runs what needs a server, and says what went wrong. Resolves with the exit code. */
export async function runRemote(globals: GlobalOptions, command: (shell: Shell) => Promise<number>): Promise<number> {
  return runLocal(globals, async (out) => {
    const settings = await readSettings(globals, process.env);
    const { Servers } = await import('../server/servers.ts');
    const servers = new Servers(settings.addresses, settings.timeoutMs, settings.identity);
    try {
      return await command({ out, servers, source: sourceOf(process.env), now: Date.now });
    } finally {
      servers.close();
    }
  });
}

/** Runs what needs none. */
export async function runLocal(globals: GlobalOptions, command: (out: Out) => Promise<number>): Promise<number> {
  const out = processOut(globals.color);
  try {
    return await command(out);
  } catch (error) {
    if (error instanceof StatectlError) return report(out, error);
    const { describeFailure } = await import('../report-failure.ts');
    const { lines, exitCode } = describeFailure(error);
    for (const line of lines) out.note(line);
    return exitCode;
  }
}

function report(out: Out, { message, hints, code }: StatectlError): number {
  for (const line of [`error: ${message}`, ...hints]) out.note(line);
  return EXIT[code];
}

/** Who asks, as history and log show it. */
function sourceOf(env: NodeJS.ProcessEnv): string {
  const user = env['USER'] ?? env['LOGNAME'] ?? '';
  return user === '' ? 'statectl' : `statectl/${user}`;
}
