import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SERVICE = fileURLToPath(new URL('../../../apps/state-manager/dist/main.js', import.meta.url));
const BASELINES = new URL('../baseline/', import.meta.url);
const WATCHERS = new URL('../load/watchers.ts', import.meta.url);

/** How long a process may take until it says where it listens: a large store is loaded in that time. */
const STARTS_WITHIN_MS = 300_000;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  /** What it uses at this moment, in MiB, as the kernel counts it. */
  memory(): number;
  /** CPU time so far, in seconds. */
  cpu(): number;
  /** Resolves with the first line of its log that has this message, past or future. */
  said(message: string): Promise<Readonly<Record<string, unknown>>>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

let profileDir: string | undefined;

/** Has every service that is started from now on write a CPU profile into a directory when it ends. */
export function profileServices(dir: string): void {
  profileDir = dir;
}

/** Starts the built service with its defaults and these flags; waits until it listens. */
export async function startService(flags: readonly string[]): Promise<ServerProcess> {
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return start([...profiling, SERVICE, '--listen', '127.0.0.1:0', ...flags], 'listening', ({ listening }) =>
    String(listening),
  );
}

/** Starts a baseline, which prints its address as the service does. */
export async function startBaseline(name: string, args: readonly string[] = []): Promise<ServerProcess> {
  return start([fileURLToPath(new URL(`${name}.ts`, BASELINES)), ...args], 'listening', ({ listening }) =>
    String(listening),
  );
}

/** Starts watchers that read and drop; waits until all have begun. */
export async function startWatchers(port: number, count: number): Promise<ServerProcess> {
  return start([fileURLToPath(WATCHERS), String(port), String(count)], 'listening', ({ listening }) =>
    String(listening),
  );
}

type Line = Readonly<Record<string, unknown>>;

const LOOK_EVERY_MS = 10;

async function start(
  args: readonly string[],
  first: string,
  addressOf: (line: Line) => string,
): Promise<ServerProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-log-'));
  const logPath = join(dir, 'log');
  // Into a file: a storm says a line for every transition, and reading them would cost the load generator its time.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', openSync(logPath, 'w'), 'inherit'],
    env: environment(),
  });
  running.add(child);
  const exited = once(child, 'exit').then(() => {
    running.delete(child);
    rmSync(dir, { recursive: true });
  });
  const said = async (message: string): Promise<Line> => {
    const sought = `"msg":${JSON.stringify(message)}`;
    for (const until = Date.now() + STARTS_WITHIN_MS; Date.now() < until; await sleep(LOOK_EVERY_MS)) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      for (const line of readFileSync(logPath, 'utf8').split('\n')) {
        if (line.endsWith('}') && line.includes(sought)) return JSON.parse(line) as Line;
      }
    }
    throw new Error(`${args[0]} did not say ${JSON.stringify(message)}`);
  };
  const address = addressOf(await said(first));
  const pid = child.pid as number;
  return {
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    cpu: () => cpuOf(pid),
    said,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const TICKS_PER_SECOND = 100;

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Without what would be taken for settings of the service. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('STATEMANAGER_')));
}
