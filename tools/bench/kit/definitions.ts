import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelOf } from '../load/reports.ts';

export const MODELS_PER_PACKAGE = 4;

/**
 * Writes a file that defines packages of four models each, over all nodes, and returns its path. It is removed when this
 * process ends.
 */
export function definePackages(nodesCount: number, containersCount: number): string {
  const models = Array.from({ length: nodesCount * containersCount }, (_, i) =>
    modelOf(Math.floor(i / containersCount), i % containersCount),
  );
  const documents: string[] = [];
  for (let at = 0; at < models.length; at += MODELS_PER_PACKAGE) {
    documents.push(packageDocument(`package-${at / MODELS_PER_PACKAGE}`, models.slice(at, at + MODELS_PER_PACKAGE)));
  }
  const dir = mkdtempSync(join(tmpdir(), 'bench-definitions-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'packages.yaml');
  writeFileSync(path, documents.join('---\n'));
  return path;
}

/** A package's document, as ApiServer stores it. */
export function packageDocument(name: string, models: readonly string[]): string {
  const lines = models.map((model) => `    - name: ${model}\n      node: any\n      resources: {}\n`).join('');
  return `apiVersion: v1\nkind: Package\nmetadata:\n  name: ${name}\nspec:\n  models:\n${lines}`;
}
