import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { workspaceRoot } from '../../process.ts';
import { readManifest } from './packages.ts';
import { run } from './run.ts';
import type { Tarball } from './packages.ts';

/** The tools that a consumer brings, in the releases that the workspace uses. */
const TOOLS = ['typescript', '@types/node', 'vitest'];

/** What `tsc --init` would give, and no more than that switched off: types of dependencies are checked too. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    rootDir: 'src',
    outDir: 'out',
  },
  include: ['src'],
};

/** A project of somebody else: it knows the tarballs and the registry, and nothing of the workspace. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'statemanager-consumer-'));

  /** Installs the tarballs, and what a TypeScript project has besides. */
  async install(tarballs: readonly Tarball[]): Promise<void> {
    const { devDependencies = {} } = readManifest(workspaceRoot);
    this.write('package.json', {
      name: 'consumer',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:${file}`])),
      devDependencies: Object.fromEntries(TOOLS.map((name) => [name, devDependencies[name] ?? '*'])),
    });
    this.write('tsconfig.json', TSCONFIG);
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], this.folder);
  }

  /** Where a package is installed. */
  installed(name: string): string {
    return join(this.folder, 'node_modules', name);
  }

  /** Writes a file, an object as JSON. */
  write(path: string, content: string | object): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }

  /** Where a program of an installed package is. */
  commandPath(name: string): string {
    return join(this.folder, 'node_modules', '.bin', name);
  }

  /** Runs a program of an installed package. */
  command(name: string, args: readonly string[]): Promise<string> {
    return run(this.commandPath(name), args, this.folder);
  }

  /** Runs a compiled module with plain `node`. */
  node(path: string): Promise<string> {
    return run('node', [path], this.folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
