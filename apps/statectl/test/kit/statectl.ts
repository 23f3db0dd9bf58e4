import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built program. */
export const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Settings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running statectl. */
export interface Running {
  readonly child: ChildProcess;
  /** What it wrote so far, on both outputs. */
  output(): string;
  /** Resolves as soon as the output fits. */
  until(fits: (output: string) => boolean, withinMs?: number): Promise<string>;
  end(): Promise<Result>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Runs a command to its end. */
export async function statectl(args: readonly string[], settings: Settings = {}): Promise<Result> {
  return startStatectl(args, settings).end();
}

/** Starts a command that does not end by itself. */
export function startStatectl(args: readonly string[], { cwd, env, input }: Settings = {}): Running {
  const clean = Object.entries(process.env).filter(([name]) => !/^(STATECTL_|NO_COLOR|FORCE_COLOR|XDG_)/.test(name));
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd,
    env: { ...Object.fromEntries(clean), STATECTL_CONFIG: '/nowhere/config.yaml', USER: 'ada', ...env },
  });
  running.add(child);
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  let both = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    both += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    both += chunk.toString();
  });
  const ended = once(child, 'close').then(([exitCode]): Result => {
    running.delete(child);
    return { exitCode: exitCode as number | null, stdout, stderr };
  });
  return {
    child,
    output: () => both,
    until: async (fits, withinMs = 10_000) => {
      const deadline = performance.now() + withinMs;
      while (!fits(both)) {
        if (performance.now() > deadline) throw new Error(`this never came: ${fits.toString()}; there is:\n${both}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return both;
    },
    end: () => ended,
  };
}
