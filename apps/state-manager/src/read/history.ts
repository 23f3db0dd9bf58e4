import type { Fleet, ModelRecord, ResourceKind, Transition } from '@statemanager/state-machine';
import { HISTORY_COUNT, RESOURCE_KINDS } from '@statemanager/state-machine';
import { decodeTransition, HISTORY_PREFIX, historyKey, type KeyValueStore } from '@statemanager/state-store';

/** A transition, and the revision of the commit that holds it. */
export interface Past {
  readonly transition: Transition;
  readonly revision: number;
}

/**
 * The last transitions of one resource, newest first. They are read from the store: what is kept of the past is too much
 * for the memory. Throws UnreadableValueError and StoreError.
 */
export async function historyOf(
  store: KeyValueStore,
  kind: ResourceKind,
  name: string,
  limit: number,
): Promise<readonly Past[]> {
  const { entries } = await store.getAllWithPrefix(`${HISTORY_PREFIX}${kind}/${name}/`);
  return entries
    .map(({ key, value, revision }) => ({ transition: decodeTransition(kind, name, key, value), revision }))
    .sort((a, b) => b.transition.generation - a.transition.generation)
    .slice(0, limit);
}

/** One resource's place in the merge: its newest entry that was not taken yet. */
interface Head {
  readonly kind: ResourceKind;
  readonly name: string;
  /** The resource's generation now: slots of older ones were used again. */
  readonly generation: number;
  readonly past: Past;
}

/** How many history entries are read at once. */
const CONCURRENCY = 32;

/**
 * The newest transitions of all resources, newest first: a merge of the resources' histories, of which only those that
 * moved last are read. It costs one look at every record, and a store read a transition.
 */
export async function newestOfAll(store: KeyValueStore, view: Fleet, limit: number): Promise<readonly Past[]> {
  const candidates = newestRecords(view, limit);
  const heads: Head[] = [];
  for (let i = 0; i < candidates.length; i += CONCURRENCY) {
    const read = candidates.slice(i, i + CONCURRENCY).map(async ({ kind, name, generation }) => {
      const past = await readPast(store, kind, name, generation);
      return past && { kind, name, generation, past };
    });
    heads.push(...(await Promise.all(read)).filter((head) => head !== undefined));
  }
  const newest: Past[] = [];
  while (newest.length < limit && heads.length > 0) {
    const first = heads.reduce((a, b) => (isNewer(b.past, a.past) ? b : a));
    newest.push(first.past);
    const next = await readPast(store, first.kind, first.name, first.past.transition.generation - 1, first.generation);
    heads.splice(heads.indexOf(first), 1, ...(next === undefined ? [] : [{ ...first, past: next }]));
  }
  return newest;
}

/** A record with history, and when its newest entry was made. */
interface Candidate {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly generation: number;
  readonly movedAt: number;
}

/** The records that moved last: nothing newer than the oldest of them can be in another one's history. */
function newestRecords(view: Fleet, limit: number): readonly Candidate[] {
  let newest: Candidate[] = [];
  for (const kind of RESOURCE_KINDS) {
    for (const name of view.names(kind)) {
      const record = view.record(kind, name);
      if (record === undefined || record.generation === 0) continue;
      const { generation, since, noted = 0 } = record as ModelRecord;
      newest.push({ kind, name, generation, movedAt: Math.max(since, noted) });
      // Now and then is enough: what is kept stays small, and the whole fleet need not be sorted.
      if (newest.length >= 4 * limit) newest = lastMoved(newest, limit);
    }
  }
  return lastMoved(newest, limit);
}

function lastMoved(candidates: readonly Candidate[], limit: number): Candidate[] {
  return [...candidates].sort((a, b) => b.movedAt - a.movedAt).slice(0, limit);
}

async function readPast(
  store: KeyValueStore,
  kind: ResourceKind,
  name: string,
  generation: number,
  newest = generation,
): Promise<Past | undefined> {
  if (generation < 1 || newest - generation >= HISTORY_COUNT) return undefined;
  const key = historyKey(kind, name, generation);
  const entry = await store.get(key);
  if (entry === undefined) return undefined;
  const transition = decodeTransition(kind, name, key, entry.value);
  // Meanwhile the slot may have been used again.
  return transition.generation === generation ? { transition, revision: entry.revision } : undefined;
}

function isNewer(a: Past, b: Past): boolean {
  if (a.revision !== b.revision) return a.revision > b.revision;
  return a.transition.at > b.transition.at;
}
