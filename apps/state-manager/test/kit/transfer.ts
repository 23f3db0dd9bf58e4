import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { exportStore } from '../../src/transfer/export-store.ts';
import { FORMAT, Tally, VERSION, lineOf, type ExportFile, type FileEntry } from '../../src/transfer/file-format.ts';
import { knownKey, type Group } from '../../src/transfer/known-key.ts';
import { readExport } from '../../src/transfer/read-file.ts';
import { createTeller } from '../../src/transfer/teller.ts';
import { CANDIDATE, change, createManager, recordLog, report, reported } from './engine.ts';

/** Whoever listens to nobody. */
export const quiet = createTeller(() => undefined);

/** A signal that never aborts. */
export const NEVER: AbortSignal = new AbortController().signal;

/** The text of an export of a store. */
export async function exportText(store: KeyValueStore, teller = quiet): Promise<string> {
  let text = '';
  const output = {
    name: 'a text',
    write: (more: string) => Promise.resolve(void (text += more)),
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(void (text = '')),
  };
  await exportStore(store, output, teller, NEVER);
  return text;
}

/** Reads a text as a file, in chunks of this size. */
export async function readText(text: string | Buffer, chunkBytes = 1000): Promise<ExportFile> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield await Promise.resolve(bytes.subarray(i, i + chunkBytes));
  }
  return readExport(chunks());
}

/** What the export of a store reads as. */
export async function exported(store: KeyValueStore): Promise<ExportFile> {
  return readText(await exportText(store));
}

/** A text of a file with these entries, whose last line is right whatever they are. */
export function textOf(entries: readonly FileEntry[]): string {
  const tally = new Tally();
  const lines = entries.map((entry) => lineOf(entry));
  lines.forEach((line, i) => tally.add(knownKey(entries[i]?.key ?? '')?.group ?? ('other' as Group), line));
  const header = lineOf({
    format: FORMAT,
    version: VERSION,
    store: 'test:',
    time: '2026-01-01T00:00:00Z',
    revision: 1,
  });
  return [header, ...lines, lineOf(tally.end())].join('');
}

/** A `Package/<name>` document. */
export function packageDocument(models: readonly string[]): string {
  const list = models.map((model) => `\n    - name: ${model}`).join('');
  return `kind: Package\nmetadata:\n  name: p\nspec:\n  models:${list === '' ? ' []' : list}\n`;
}

/** A store that a manager has decided things on, with a document, an intent and something of each group. */
export async function decidedStore(): Promise<KeyValueStore> {
  const store = openMemoryStore();
  const revision = await store.put('Package/p', packageDocument(['a', 'b']));
  await store.put('Model/a', 'kind: Model\n');
  const manager = createManager(store, recordLog().log);
  manager.start(CANDIDATE);
  await manager.submit({ type: 'package-defined', name: 'p', models: ['a', 'b'], revision, at: 1 });
  await manager.submit(report('n1', reported('a', 'exited', 1), reported('b', 'exited', 2)));
  await manager.submit(change('s'));
  await manager.stop(1000);
  return store;
}

/** Everything in a store by key, without what only says who led. */
export async function contentsOf(store: KeyValueStore): Promise<Readonly<Record<string, string>>> {
  const { entries } = await store.getAllWithPrefix('');
  const kept = entries.filter(({ key }) => key !== '/statemanager/commit' && key !== '/statemanager/leader');
  return Object.fromEntries(kept.map(({ key, value }) => [key, value]));
}
