import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { environment, workspaceRoot } from '../../process.ts';

/**
 * What a test runner tells its own processes; a program of a consumer is to know nothing of it. That goes for where the npm
 * around this one has its settings, too: a consumer's npm finds its own, and in them its registry.
 */
const OURS =
  /^(VITEST|NODE_ENV$|NODE_OPTIONS$|FORCE_COLOR$|npm_package_|npm_lifecycle_|npm_config_(globalconfig|(global_|local_)?prefix)$|NX_)/;

const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !OURS.test(name))),
  NO_COLOR: '1',
  // A person's own settings are not what is tried here.
  STATECTL_CONFIG: '/nonexistent',
};

/**
 * npm runs on the Node that it came with: that one knows npm's own certificates and settings, and the workspace's need not.
 */
const npmPath = (env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.startsWith(workspaceRoot))
  .join(delimiter);

/** Runs a command and resolves with what it wrote to standard output; if it fails, throws all that it said. */
export function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const own = command === 'npm' ? { ...env, PATH: npmPath } : env;
    execFile(command, args, { cwd, env: own, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args[0] ?? ''} failed in ${cwd}:\n${stdout}${stderr}`));
    });
  });
}
