import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../../process.ts';
import { run } from './run.ts';

/** The fields of a manifest that a consumer meets. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly repository?: unknown;
  readonly type?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A project of the workspace that is packed. */
export interface Package {
  /** Its folder in the workspace: `libs/proto`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** What `npm pack` made of a package. */
export interface Tarball {
  readonly name: string;
  readonly file: string;
  /** The paths in it, relative to the package. */
  readonly paths: readonly string[];
}

/** Reads a manifest. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every lib, and every app that is not private. */
export function packages(): readonly Package[] {
  return ['libs', 'apps'].flatMap((parent) =>
    readdirSync(join(workspaceRoot, parent))
      .map((name) => ({ folder: `${parent}/${name}`, manifest: readManifest(join(workspaceRoot, parent, name)) }))
      .filter(({ manifest }) => parent === 'libs' || manifest.private !== true),
  );
}

/** Packs into a folder what is built at this moment. */
export async function pack(names: readonly string[], destination: string): Promise<readonly Tarball[]> {
  const workspaces = names.flatMap((name) => ['--workspace', name]);
  const output = await run('npm', ['pack', '--json', '--pack-destination', destination, ...workspaces], workspaceRoot);
  const packed = JSON.parse(output) as { name: string; filename: string; files: { path: string }[] }[];
  return packed.map(({ name, filename, files }) => ({
    name,
    file: join(destination, filename),
    paths: files.map(({ path }) => path),
  }));
}
