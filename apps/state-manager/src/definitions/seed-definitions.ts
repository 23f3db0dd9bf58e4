import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { definitionKey, type KeyValueStore } from '@statemanager/state-store';
import { parseAllDocuments } from 'yaml';
import type { Logger } from '../log.ts';
import { parseDefinition } from './parse-definition.ts';

/** One document of `--definitions`. */
interface Seed {
  readonly key: string;
  readonly text: string;
}

/**
 * Puts the documents of a file, or of a folder's `.yaml` and `.yml` files, into the store where they differ. A bad one
 * is named in the log and skipped. Throws if the path itself cannot be read.
 */
export async function readSeeds(path: string, log: Logger): Promise<readonly Seed[]> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path))
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const seeds = new Map<string, Seed>();
  for (const file of files) {
    for (const [i, text] of splitDocuments(await readFile(file, 'utf8')).entries()) {
      try {
        const { kind, name } = parseDefinition(text);
        const key = definitionKey(kind, name);
        if (seeds.has(key)) throw new Error(`${key} was given before`);
        seeds.set(key, { key, text });
      } catch (error) {
        log.error({ file, document: i + 1, problem: (error as Error).message }, 'bad definition skipped');
      }
    }
  }
  return [...seeds.values()];
}

/** Puts seeds where they differ. Returns how many did. */
export async function putSeeds(store: KeyValueStore, seeds: readonly Seed[], log: Logger): Promise<number> {
  let count = 0;
  for (const { key, text } of seeds) {
    if ((await store.get(key))?.value === text) continue;
    await store.put(key, text);
    log.info({ key }, 'definition put into the store');
    count += 1;
  }
  return count;
}

function splitDocuments(text: string): readonly string[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.length <= 1) return text.trim() === '' ? [] : [text];
  return documents
    .map((document) => text.slice(document.range[0], document.range[1]).replace(/^(---\s*\n)+/, ''))
    .filter((part) => part.trim() !== '');
}
