import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { definitionKey, type KeyValueStore } from '@statemanager/state-store';
import type { Logger } from '../log.ts';
import type { Follower } from '../manager.ts';
import { parseDefinition } from './parse-definition.ts';
import { splitDocuments } from './split-documents.ts';

/** One document of `--definitions`. */
interface Seed {
  readonly key: string;
  readonly text: string;
}

/**
 * Reads the documents of a file, or of a folder's `.yaml` and `.yml` files. A bad one is named in the log and skipped.
 * Throws if the path itself cannot be read.
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
    for (const { text, line } of splitDocuments(await readFile(file, 'utf8'))) {
      try {
        const { kind, name } = parseDefinition(text, line);
        const key = definitionKey(kind, name);
        if (seeds.has(key)) throw new Error(`line ${line}: ${key} was given before`);
        seeds.set(key, { key, text });
      } catch (error) {
        log.error({ file, problem: (error as Error).message }, 'bad definition skipped');
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

/** Puts seeds in the first term of the process, and never again: what was changed since then counts. */
export function followWithSeeds(store: KeyValueStore, seeds: readonly Seed[], log: Logger): Follower {
  let done = false;
  return {
    onTerm: async () => {
      if (!done) await putSeeds(store, seeds, log);
      done = true;
      return [];
    },
  };
}
