import { hostname } from 'node:os';
import {
  IMPORT_KEY,
  definitionKey,
  type KeyValueStore,
  type Leadership,
  type Operation,
} from '@statemanager/state-store';
import { compare } from './compare.ts';
import { readContents, type Contents } from './contents.ts';
import { FencedWriter } from './fenced-writer.ts';
import { keysOf, numberOf, type ExportFile } from './file-format.ts';
import { putMark, type ImportMark } from './import-mark.ts';
import { definitionOperations, otherOperations, planImport, type ImportPlan } from './import-plan.ts';
import type { Teller } from './teller.ts';
import { TransferError, someOf } from './transfer-error.ts';

export interface ImportOptions {
  /** Makes the store what the file is, whatever it holds. */
  readonly replace: boolean;
  /** Whether the leader key always says who leads now. In etcd it goes with its lease; a file has a lock instead. */
  readonly leaderIsLive: boolean;
  /** Ends it between two transactions; its reason is thrown. */
  readonly stopped: AbortSignal;
  readonly teller: Teller;
}

/** What an import did. */
export interface Imported {
  readonly putCount: number;
  readonly deletedCount: number;
  /** Keys that were there already. */
  readonly sameCount: number;
}

/** So long it waits for somebody who leads only while it looks around, or whose lease is running out. */
const LEAD_WITHIN_MS = 10_000;

/**
 * Makes a store what a file is, and holds the leadership meanwhile, so that nobody decides anything on half of it. Can be
 * ended at any point, by a kill too: a mark stays in the store, no StateManager works on it, and the same import goes on.
 *
 * Throws TransferError if the store is led, or holds something else and `replace` is not given: then nothing was changed.
 * Throws it as well if somebody else writes meanwhile, or the store takes no more.
 */
export async function importInto(store: KeyValueStore, file: ExportFile, options: ImportOptions): Promise<Imported> {
  const { teller, replace } = options;
  const contents = await teller.during(`reading ${store.name}`, readContents(store));
  refuseIfLed(store, file, contents, options);
  const { isDone, differences } = planImport(store.name, file, contents, replace);
  if (isDone) return { putCount: 0, deletedCount: 0, sameCount: differences.sameCount };
  const leadership = await lead(store, file, options);
  try {
    // Only now nobody else writes: what was read before may be old.
    const plan = planImport(store.name, file, await readContents(store), replace);
    return await carryOut(store, file, plan, leadership, options);
  } finally {
    await leadership.resign();
  }
}

/** The same for each run with a file, so that one which was killed does not stand in the way of the next. */
function idFor({ trailer }: ExportFile): string {
  return `import-${trailer.sha256.slice(0, 16)}`;
}

function refuseIfLed(
  store: KeyValueStore,
  file: ExportFile,
  { leader, mark }: Contents,
  { leaderIsLive }: ImportOptions,
): void {
  // With a mark in the store, a service gives the leadership up again at once: it is waited for.
  if (!leaderIsLive || leader === undefined || mark !== undefined) return;
  const { id, address } = holderOf(leader);
  if (id === idFor(file)) return;
  throw new TransferError([
    `${store.name} is led by ${id} (${address}): stop it first; one that was killed leads until its lease ends`,
  ]);
}

function holderOf(leader: string): { readonly id: string; readonly address: string } {
  try {
    const { id, address } = JSON.parse(leader) as { readonly id?: unknown; readonly address?: unknown };
    return { id: String(id), address: String(address) };
  } catch {
    return { id: 'somebody', address: 'nobody knows where' };
  }
}

async function lead(store: KeyValueStore, file: ExportFile, { stopped }: ImportOptions): Promise<Leadership> {
  const timeout = AbortSignal.timeout(LEAD_WITHIN_MS);
  try {
    const candidate = { id: idFor(file), address: `${hostname()}:0` };
    return await store.lead(candidate, { signal: AbortSignal.any([stopped, timeout]) });
  } catch (error) {
    if (error !== timeout.reason) throw error;
    const why = `the leadership of ${store.name} could not be had within ${LEAD_WITHIN_MS / 1000} s: somebody else leads`;
    throw new TransferError([why], { cause: error });
  }
}

async function carryOut(
  store: KeyValueStore,
  file: ExportFile,
  { mark, differences }: ImportPlan,
  leadership: Leadership,
  { stopped, teller }: ImportOptions,
): Promise<Imported> {
  const { toPut, extra, sameCount } = differences;
  if (sameCount > 0) teller.say(`${keysOf(sameCount)} of the file are there already`);
  const total = toPut.length + extra.length;
  let done = 0;
  const count = (written: number): void => {
    done += written;
    teller.progress(done, total, 'keys written');
  };
  const over = AbortSignal.any([leadership.lost, stopped]);
  const writer = new FencedWriter(store, leadership.fence, over, teller);
  try {
    // In front of the first change and in its transaction, and taken away when everything was read back.
    await writer.write(markAnd(mark, definitionOperations(differences)), count);
    await writer.write(otherOperations(differences, await readRevisions(store)), count);
    await verify(store, file, teller);
    await writer.write([{ type: 'delete', key: IMPORT_KEY }], () => undefined);
  } catch (error) {
    const problems = error instanceof TransferError ? error.problems : [(error as Error).message];
    const soFar = `about ${numberOf(Math.min(done, total))} of ${numberOf(total)} keys were written, and stay`;
    throw new TransferError([...problems, `${soFar}; run the same command again to go on`], { cause: error });
  }
  return { putCount: toPut.length, deletedCount: extra.length, sameCount };
}

function* markAnd(mark: ImportMark, operations: Iterable<Operation>): Generator<Operation> {
  yield putMark(mark);
  yield* operations;
}

/** Which revision each document has that records are made from. */
async function readRevisions(store: KeyValueStore): Promise<ReadonlyMap<string, number>> {
  const revisions = new Map<string, number>();
  for (const kind of ['Package', 'Scenario'] as const) {
    const { entries } = await store.getAllWithPrefix(definitionKey(kind, ''));
    for (const { key, revision } of entries) revisions.set(key, revision);
  }
  return revisions;
}

/** Reads everything back. What differs now was written by somebody else: documents are put without a leadership. */
async function verify(store: KeyValueStore, file: ExportFile, teller: Teller): Promise<void> {
  const { toPut, extra } = compare(file.entries, await teller.during('reading back', readContents(store)));
  const different = [...toPut.map(({ key }) => key), ...extra];
  if (different.length === 0) return;
  throw new TransferError([
    `somebody else writes to ${store.name}: after writing, it differs from the file in ${someOf(different)}`,
  ]);
}
