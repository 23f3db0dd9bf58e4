import { applicationNames, runApplication } from './application.ts';
import { benchHelp } from './bench/help.ts';
import { check } from './check.ts';
import { ensureEtcd } from './ensure-etcd.ts';
import { nx, runInherited, workspaceRoot } from './process.ts';
import { startHelp, startStack } from './demo/start.ts';

/** One root script: what `npm run <name>` does. */
interface Script {
  readonly help: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  start: { help: startHelp, run: startStack },
  build: {
    help: 'npm run build\n\nBuilds every lib and app into its dist folder; what did not change comes from the cache.',
    run: () => nx('build'),
  },
  test: {
    help: 'npm test [-- -p <project>]\n\nBrings a real etcd (from PATH, Debian’s package or Docker) and runs every fast test.',
    run: async (args) => (await ensureEtcd()) || (await nx('test', args)),
  },
  check: {
    help: `npm run check [-- --fast]

All that CI runs: format, buf (lint, format, breaking changes, generated code), lint, typecheck, tests, the slow tests
and the demo's story. --fast leaves out the slow tests.`,
    run: check,
  },
  bench: {
    help: benchHelp,
    run: async (args) => (await ensureEtcd()) || (await nx('build')) || runBench(args),
  },
  generate: {
    help: 'npm run generate\n\nGenerates libs/proto from proto/.',
    run: () => runInherited('buf', ['generate'], { cwd: `${workspaceRoot}/proto` }),
  },
  format: {
    help: 'npm run format\n\nFormats everything that prettier and buf know.',
    run: async () =>
      (await runInherited('prettier', ['--log-level', 'warn', '--write', '.'])) ||
      (await runInherited('buf', ['format', '-w'], { cwd: `${workspaceRoot}/proto` })),
  },
};

const [name = '', ...args] = process.argv.slice(2);
process.exitCode = await main();

async function main(): Promise<number> {
  if (name === 'app') return runApplication(args);
  const script = SCRIPTS[name];
  if (script === undefined) {
    const names = [...Object.keys(SCRIPTS), ...applicationNames].join(', ');
    process.stderr.write(`There is no script ${JSON.stringify(name)}; there are ${names}.\n`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${script.help}\n`);
    return 0;
  }
  return script.run(args);
}

/** Loaded only when it is asked for: it needs the libs to be built. */
async function runBench(args: readonly string[]): Promise<number> {
  const { bench } = await import('./bench/main.ts');
  return bench(args);
}
