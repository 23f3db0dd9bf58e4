import { buildQuietly, runInherited, workspaceRoot } from './process.ts';

/** The apps that have a root script of their own. */
export const applicationNames = ['state-manager', 'statectl', 'stub-action-controller', 'stub-node-agent'] as const;

/** Where an app's built entry is. */
export function entryOf(name: string): string {
  return `${workspaceRoot}/apps/${name}/dist/main.js`;
}

/** Builds what changed, then runs an app with the rest of the arguments, in the folder where npm was called. */
export async function runApplication([name = '', ...args]: readonly string[]): Promise<number> {
  if (!applicationNames.some((known) => known === name)) {
    process.stderr.write(`There is no app ${JSON.stringify(name)}; there are ${applicationNames.join(', ')}.\n`);
    return 2;
  }
  if (!(await buildQuietly())) return 1;
  return runInherited('node', [entryOf(name), ...args], { cwd: process.env.INIT_CWD ?? workspaceRoot });
}
