import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** The service as an older commit has it. */
export interface OlderBuild {
  /** What Node runs. */
  readonly entry: string;
  dispose(): void;
}

/** Whether this clone has a commit: a shallow one need not. */
export function hasCommit(revision: string): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${revision}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Builds the service of an older commit beside this one: with its own libs, and the packages that are installed here. */
export function buildOlder(revision: string): OlderBuild {
  const folder = mkdtempSync(join(tmpdir(), 'older-statemanager-'));
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  // An archive and no worktree: nothing of it stays in the clone if the test is killed.
  execFileSync('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', revision, folder], { cwd: ROOT });
  link(join(ROOT, 'node_modules'), join(folder, 'node_modules'), (name) => name !== '@statemanager');
  mkdirSync(join(folder, 'node_modules/@statemanager'));
  for (const lib of readdirSync(join(folder, 'libs'))) {
    symlinkSync(join(folder, 'libs', lib), join(folder, 'node_modules/@statemanager', lib));
  }
  const own = join('apps/state-manager/node_modules');
  link(join(ROOT, own), join(folder, own), (name) => !name.startsWith('.'));
  for (const lib of ['proto', 'state-machine', 'state-store', 'action-client', 'etcd-store', 'sqlite-store']) {
    run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', `libs/${lib}/tsconfig.lib.json`);
  }
  run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'apps/state-manager/tsconfig.lib.json');
  return {
    entry: join(folder, 'apps/state-manager/dist/main.js'),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Links what is in a folder into another one. */
function link(from: string, to: string, isWanted: (name: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (isWanted(name)) symlinkSync(join(from, name), join(to, name));
}
