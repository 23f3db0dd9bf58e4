import type { KeyValueStore } from '@statemanager/state-store';
import { readContents } from './contents.ts';
import { FORMAT, Tally, VERSION, lineOf, type Trailer } from './file-format.ts';
import { knownKey } from './known-key.ts';
import type { Output } from './output.ts';
import type { Teller } from './teller.ts';
import { TransferError, someOf } from './transfer-error.ts';

/** What was exported. */
export interface Exported {
  readonly revision: number;
  readonly trailer: Trailer;
}

/**
 * Writes everything that StateManager needs of a store, as of one revision, and finishes the output; discards it if
 * that fails, or `stopped` aborts. Says what was left out, and what is carried although nobody can read it.
 *
 * Throws TransferError if an import into the store has not ended, StoreError, and what the output throws.
 */
export async function exportStore(
  store: KeyValueStore,
  output: Output,
  teller: Teller,
  stopped: AbortSignal,
): Promise<Exported> {
  try {
    return await write(store, output, teller, stopped);
  } catch (error) {
    await output.discard();
    throw error;
  }
}

async function write(store: KeyValueStore, output: Output, teller: Teller, stopped: AbortSignal): Promise<Exported> {
  const { revision, entries, strays, mark } = await teller.during(`reading ${store.name}`, readContents(store));
  if (mark !== undefined) {
    throw new TransferError([`an import into ${store.name} has not ended: what it holds is not whole; run it again`]);
  }
  const time = new Date().toISOString();
  await output.write(lineOf({ format: FORMAT, version: VERSION, store: store.name, time, revision }));
  const tally = new Tally();
  for (const [i, entry] of entries.entries()) {
    stopped.throwIfAborted();
    const known = knownKey(entry.key);
    if (known === undefined) continue;
    const line = lineOf(entry);
    tally.add(known.group, line);
    await output.write(line);
    teller.progress(i + 1, entries.length, 'keys written');
  }
  const trailer = tally.end();
  await output.write(lineOf(trailer));
  stopped.throwIfAborted();
  await output.finish();
  const unreadable = entries.filter((entry) => entry.unreadable).map(({ key }) => key);
  if (unreadable.length > 0) teller.say(`cannot be read, and is carried as it is: ${someOf(unreadable)}`);
  if (strays.length > 0) teller.say(`does not belong there, and is left out: ${someOf(strays)}`);
  return { revision, trailer };
}
