import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** The workspace's own commands first, and nothing that connects anywhere or stays behind. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${join(workspaceRoot, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
  NX_DAEMON: 'false',
  NX_TUI: 'false',
  NX_NO_CLOUD: 'true',
};

/** Runs a command on this terminal and resolves with its exit code. Signals to stop reach it. */
export async function runInherited(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  const child = spawn(command, args, { cwd: workspaceRoot, env: environment, stdio: 'inherit', ...options });
  return exitOf(child, command);
}

/** Resolves with a child's exit code; passes SIGTERM on. (A terminal sends SIGINT to the child by itself.) */
async function exitOf(child: ChildProcess, command: string, interrupt = (): void => undefined): Promise<number> {
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', pass);
  process.on('SIGINT', interrupt);
  try {
    return await new Promise<number>((resolve) => {
      child.once('error', (error) => {
        process.stderr.write(`${command} could not be started: ${error.message}. Run \`npm ci\` first.\n`);
        resolve(1);
      });
      child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
    });
  } finally {
    process.off('SIGTERM', pass);
    process.off('SIGINT', interrupt);
  }
}

/** Runs a target of every project that has it, dependencies first. */
export async function nx(target: string, args: readonly string[] = []): Promise<number> {
  return runInherited('nx', ['run-many', '-t', target, '--outputStyle=static', ...args]);
}

/** Brings the built apps up to date without a word, unless something is wrong. Resolves with whether it worked. */
export async function buildQuietly(): Promise<boolean> {
  const child = spawn('nx', ['run-many', '-t', 'build', '--outputStyle=static'], {
    cwd: workspaceRoot,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // Whoever presses Ctrl-C wants nothing more to begin, also if the build had just ended.
  let interrupted = false;
  const code = await exitOf(child, 'nx', () => (interrupted = true));
  if (code !== 0 && !interrupted) process.stderr.write(`${output}\nThe build failed.\n`);
  return code === 0 && !interrupted;
}
