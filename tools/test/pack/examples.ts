import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { workspaceRoot } from '../../process.ts';
import type { Package } from './packages.ts';

/** A TypeScript example of a README. */
export interface Example {
  /** `action-client-1`: the first one of that package. */
  readonly name: string;
  readonly source: string;
  /** Whether it declares tests, so that Vitest has to run it. */
  readonly declaresTests: boolean;
}

/** Every `ts` block of a package's README, in order. */
export function examplesOf({ folder }: Package): readonly Example[] {
  const readme = readFileSync(join(workspaceRoot, folder, 'README.md'), 'utf8');
  return [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, source = ''], i) => ({
    name: `${basename(folder)}-${i + 1}`,
    source,
    declaresTests: source.includes('describeStoreContract'),
  }));
}

/** Puts what runs here in the place of the addresses and paths that the examples show. */
export function standIn(source: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((text, [shown, here]) => text.replaceAll(shown, here), source);
}
