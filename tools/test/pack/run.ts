import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { environment, workspaceRoot } from '../../process.ts';

/** What a test runner tells its own processes; a program of a consumer is to know nothing of it. */
const OURS = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|npm_package_|npm_lifecycle_|NX_)/;

const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !OURS.test(name))),
  FORCE_COLOR: '0',
  // A person's own settings are not what is tried here.
  STATECTL_CONFIG: '/nonexistent',
};

/**
 * npm runs on the Node that it came with: it knows what this machine's registry is trusted by, and the workspace's own Node
 * need not.
 */
const npmPath = (env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.startsWith(workspaceRoot))
  .join(delimiter);

/** Runs a command and resolves with what it wrote to standard output; if it fails, throws all that it said. */
export function run(command: string, args: readonly string[], cwd: string, withinMs = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const own = command === 'npm' ? { ...env, PATH: npmPath } : env;
    execFile(
      command,
      args,
      { cwd, env: own, timeout: withinMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command} ${args[0] ?? ''} failed in ${cwd}:\n${stdout}${stderr}`));
      },
    );
  });
}

/** How long the registry may take to answer one question. */
const ASKED_WITHIN_MS = 20_000;

/** Why npm cannot install anything here; undefined if it can. */
export function whyNoRegistry(): Promise<string | undefined> {
  const args = ['view', 'typescript', 'version', '--fetch-retries=0', '--prefer-online'];
  return new Promise((resolve) => {
    execFile('npm', args, { env: { ...env, PATH: npmPath }, timeout: ASKED_WITHIN_MS }, (error, _, stderr) => {
      resolve(error === null ? undefined : (/npm error .*/.exec(stderr)?.[0] ?? 'it does not answer'));
    });
  });
}
