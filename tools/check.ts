import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { ensureEtcd } from './ensure-etcd.ts';
import { startStack } from './demo/start.ts';
import { nx, runInherited, workspaceRoot } from './process.ts';

interface Step {
  readonly name: string;
  readonly run: () => Promise<number>;
}

const proto = { cwd: `${workspaceRoot}/proto` };

const STEPS: readonly Step[] = [
  { name: 'etcd for the tests', run: ensureEtcd },
  { name: 'format', run: () => runInherited('prettier', ['--log-level', 'warn', '--check', '.']) },
  { name: 'buf lint', run: () => runInherited('buf', ['lint'], proto) },
  { name: 'buf format', run: () => runInherited('buf', ['format', '--diff', '--exit-code'], proto) },
  { name: 'buf breaking', run: breaking },
  { name: 'generated code', run: generatedIsCurrent },
  { name: 'lint, typecheck', run: () => nx('lint,typecheck', ['--nxBail']) },
  { name: 'tests', run: () => nx('test', ['--nxBail']) },
  { name: 'slow tests', run: () => nx('test-slow', ['--nxBail']) },
  { name: 'the demo’s story', run: () => startStack(['--once']) },
];

/** Runs every check in turn and stops at the first that fails, with a line that says which. */
export async function check(args: readonly string[]): Promise<number> {
  const fast = args.includes('--fast');
  for (const { name, run } of STEPS) {
    if (fast && name === 'slow tests') continue;
    const began = performance.now();
    process.stdout.write(`\n=== ${name}\n`);
    const code = await run();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (code !== 0) {
      process.stderr.write(`=== ${name}: failed after ${seconds} s\n`);
      return code;
    }
    process.stdout.write(`=== ${name}: ok (${seconds} s)\n`);
  }
  return 0;
}

/**
 * Compares the protocol with the one before: with the merge base of main on a branch, with the commit before on main
 * itself. The first commit has nothing to compare with, and says so.
 */
async function breaking(): Promise<number> {
  const against = baseRevision();
  if (against === undefined) {
    process.stdout.write('there is no commit before this one that holds proto/: nothing to compare with\n');
    return 0;
  }
  process.stdout.write(`against ${against}\n`);
  return runInherited('buf', ['breaking', 'proto', '--against', `.git#ref=${against},subdir=proto`]);
}

function baseRevision(): string | undefined {
  const head = git('rev-parse', 'HEAD');
  const base = [git('merge-base', 'HEAD', 'origin/main'), git('merge-base', 'HEAD', 'main')].find(
    (revision) => revision !== undefined && revision !== head,
  );
  const against = base ?? git('rev-parse', 'HEAD~1');
  return against !== undefined && git('cat-file', '-e', `${against}:proto/buf.yaml`) !== undefined
    ? against
    : undefined;
}

async function generatedIsCurrent(): Promise<number> {
  const gen = 'libs/proto/src/gen';
  if (!existsSync(`${workspaceRoot}/${gen}`)) return 1;
  const before = hashOf(gen);
  const code = await runInherited('buf', ['generate'], proto);
  if (code !== 0 || hashOf(gen) === before) return code;
  process.stderr.write(`${gen} is not what proto/ generates: run \`npm run generate\` and commit it\n`);
  return 1;
}

function hashOf(folder: string): string | undefined {
  return git('ls-files', '-s', '--others', '--cached', folder) + String(git('diff', '--', folder));
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: workspaceRoot, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
