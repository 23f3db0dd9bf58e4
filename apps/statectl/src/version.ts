import { readFileSync } from 'node:fs';

/** This release of statectl. The manifest lies above the sources as it lies above the bundle. */
export function versionOf(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
