import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** The built service in a process of its own. */
export interface StateManagerProcess {
  /** Where it answers, host:port. */
  readonly address: string;
  readonly pid: number;
  readonly logs: readonly LogLine[];
  /** Resolves with the first line, past or future, that matches; throws when the process ends or time is up. */
  waitForLog(matches: (line: LogLine) => boolean, withinMs?: number): Promise<LogLine>;
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Starts the service and waits until it listens. Pass `--listen` to have a fixed port; otherwise a free one is taken.
 * `entry` is the program, if it is not the one that was built here.
 */
export async function startStateManager(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  entry = ENTRY,
): Promise<StateManagerProcess> {
  const args = flags.includes('--listen') ? flags : ['--listen', '127.0.0.1:0', ...flags];
  const child = spawn(process.execPath, [entry, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), ...env },
  });
  running.add(child);
  const logs: LogLine[] = [];
  const watchers = new Set<() => void>();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    logs.push(JSON.parse(line) as LogLine);
    watchers.forEach((wake) => wake());
  });
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    watchers.forEach((wake) => wake());
    return code as number | null;
  });

  const waitForLog = async (matches: (line: LogLine) => boolean, withinMs = 10_000): Promise<LogLine> => {
    const until = Date.now() + withinMs;
    for (;;) {
      const line = logs.find(matches);
      if (line !== undefined) return line;
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`state-manager ended: ${errors}`);
      const leftMs = until - Date.now();
      if (leftMs <= 0) throw new Error(`no such log line within ${withinMs} ms: ${matches.toString()}`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          watchers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, leftMs);
        watchers.add(done);
      });
    }
  };

  const listening = await waitForLog((line) => line.msg === 'listening');
  return {
    address: listening.listening as string,
    pid: child.pid as number,
    logs,
    waitForLog,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    signal: (signal) => void child.kill(signal),
  };
}

/** Runs the service until it ends by itself, and returns what it printed. */
export async function runToEnd(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [ENTRY, ...flags], { env: { ...cleanEnvironment(), ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // Not `exit`: what it said last may be read after that.
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The environment without what would be taken for the service's settings: a test's seed, or a developer's own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(STATEMANAGER|OTEL)_/.test(name)));
}
