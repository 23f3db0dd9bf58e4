import {
  Fleet,
  MODEL_REQUESTED,
  RESOURCE_KINDS,
  compareObservations,
  formatState,
  type Observation,
  type ResourceKind,
  type ResourceState,
  type StateNames,
} from '@statemanager/state-machine';
import {
  IMPORT_KEY,
  NODE_PREFIX,
  RECONCILE_PREFIX,
  RECORD_PREFIX,
  UnreadableValueError,
  decodeIntent,
  decodeNode,
  decodeRecord,
  decodeState,
  nameUnder,
  parseRecordKey,
  parseStateKey,
  stateKey,
  statePrefix,
  type Entry,
  type KeyValueStore,
  type Operation,
} from '@statemanager/state-store';

/** What the store holds, as far as it can be read. */
export interface LoadedView {
  /** The store's revision when the last part was read; what the view is of if nobody else writes meanwhile. */
  readonly revision: number;
  /** The store's revision when the first part was read: nothing that happened before is missing. */
  readonly since: number;
  /** The revision of the last change of a resource's record, or a node's word; 0 if there is none. */
  readonly revisionOf: (kind: ResourceKind | 'node', name: string) => number;
  readonly fleet: Fleet;
  /** State keys that are not what our own records say, to be put right before anything is decided. */
  readonly repairs: readonly Operation[];
  /**
   * A sentence for each of these. Of a view that was read while another process commits they say nothing: a key and its
   * record were read at two revisions.
   */
  readonly mismatches: readonly string[];
  /** What could not be read, or is not where it belongs: a sentence each, with the key in it. */
  readonly problems: readonly string[];
}

/**
 * Loads the view. Nobody but the leader writes these keys, so that for it a few reads in turn give one consistent
 * picture; whoever reads while another leads follows what happened since the first of them.
 *
 * A value that cannot be read is reported by its key, never guessed, and left as it is until a transition replaces it.
 * A state without a record of ours (another release's, or another StateManager's) is taken over as it stands. A record
 * is believed over a state key that says something else: someone else wrote that.
 *
 * Throws if an import has not ended: half of what was imported is not the truth, and must not be decided upon.
 */
export async function loadView(store: KeyValueStore, stateNames: StateNames, now: number): Promise<LoadedView> {
  if ((await store.get(IMPORT_KEY)) !== undefined) {
    throw new Error(`an import into ${store.name} has not ended: run it again, as it was run`);
  }
  const fleet = new Fleet();
  const problems: string[] = [];
  const mismatches: string[] = [];
  const repairs: Operation[] = [];
  const removed: { since: number; put: () => void }[] = [];
  const revisions = new Map<string, number>();
  let revision = 0;
  let since: number | undefined;
  const each = async (prefix: string, read: (entry: Entry) => void): Promise<void> => {
    const snapshot = await store.getAllWithPrefix(prefix);
    revision = snapshot.revision;
    since ??= revision;
    for (const entry of snapshot.entries) {
      try {
        read(entry);
      } catch (error) {
        if (!(error instanceof UnreadableValueError)) throw error;
        problems.push(error.message);
      }
    }
  };
  const stray = (entry: Entry): void => void problems.push(`key ${entry.key} does not belong there and is left alone`);

  await each(RECORD_PREFIX, (entry) => {
    const resource = parseRecordKey(entry.key);
    if (resource === undefined) return stray(entry);
    const { kind, name } = resource;
    const record = decodeRecord(kind, entry.key, entry.value);
    revisions.set(`${kind}/${name}`, entry.revision);
    if (record.removed === undefined) return fleet.putRecord(kind, name, record);
    return removed.push({ since: record.since, put: () => fleet.putRecord(kind, name, record) });
  });
  // The view forgets what was removed first, and takes the order in which it hears of them.
  for (const { put } of removed.sort((a, b) => a.since - b.since)) put();
  const unreadNodes = new Set<string>();
  await each(NODE_PREFIX, (entry) => {
    const name = nameUnder(NODE_PREFIX, entry.key);
    if (name === undefined) return stray(entry);
    unreadNodes.add(name);
    fleet.putNode(name, decodeNode(entry.key, entry.value));
    revisions.set(`node/${name}`, entry.revision);
    return unreadNodes.delete(name);
  });
  await each(RECONCILE_PREFIX, (entry) => {
    const name = nameUnder(RECONCILE_PREFIX, entry.key);
    if (name === undefined) stray(entry);
    else fleet.putIntent(name, decodeIntent(entry.key, entry.value));
  });
  for (const kind of RESOURCE_KINDS) {
    const stored = new Map<string, ResourceState | 'unreadable'>();
    await each(statePrefix(kind), (entry) => {
      const name = parseStateKey(kind, entry.key);
      if (name === undefined) return stray(entry);
      stored.set(name, 'unreadable');
      return stored.set(name, decodeState(kind, entry.key, entry.value));
    });
    matchStates({ fleet, kind, stored, stateNames, now, mismatches, repairs });
  }
  placeModels(fleet, unreadNodes);
  const revisionOf: LoadedView['revisionOf'] = (kind, name) => revisions.get(`${kind}/${name}`) ?? 0;
  return { fleet, repairs, mismatches, problems, revision, since: since ?? revision, revisionOf };
}

/**
 * What a node said that cannot be read is not known: every model that some node must have and that no other has is taken
 * to be on it, in a container that is Unknown. So it keeps its state until the node speaks again, and is missed then.
 */
function placeModels(fleet: Fleet, unreadNodes: ReadonlySet<string>): void {
  if (unreadNodes.size === 0) return;
  const containers: Observation[] = [...fleet.names('model')]
    .filter((model) => isSomewhere(fleet, model))
    .map((model) => ({ model, name: '', rule: 'container.unknown', since: 0 }));
  containers.sort(compareObservations);
  for (const node of unreadNodes) fleet.putNode(node, { observedAt: 0, containers });
}

/** Whether a model's state rests on containers although no known word of a node has any. */
function isSomewhere(fleet: Fleet, model: string): boolean {
  const { state, rule, missing } = fleet.record('model', model) ?? { state: null };
  if (state === null || missing !== undefined || rule === MODEL_REQUESTED || rule === 'model.missing') return false;
  return Object.values(fleet.containerCounts(model)).every((count) => count === 0);
}

interface Matching {
  readonly fleet: Fleet;
  readonly kind: ResourceKind;
  readonly stored: ReadonlyMap<string, ResourceState | 'unreadable'>;
  readonly stateNames: StateNames;
  readonly now: number;
  readonly mismatches: string[];
  readonly repairs: Operation[];
}

function matchStates({ fleet, kind, stored, stateNames, now, mismatches, repairs }: Matching): void {
  for (const [name, state] of stored) {
    if (fleet.record(kind, name) !== undefined || state === 'unreadable') continue;
    adopt(fleet, kind, name, state, now);
  }
  for (const name of fleet.names(kind)) {
    const recorded = fleet.record(kind, name)?.state ?? null;
    const key = stateKey(kind, name);
    const found = stored.get(name) ?? null;
    if (found === recorded || found === 'unreadable') continue;
    mismatches.push(
      `key ${key} says ${found ?? 'nothing'}, and our own record says ${recorded ?? 'nothing'}: put right`,
    );
    repairs.push(
      recorded === null
        ? { type: 'delete', key }
        : { type: 'put', key, value: formatState(kind, recorded, stateNames) },
    );
  }
}

function adopt(fleet: Fleet, kind: ResourceKind, name: string, state: ResourceState, now: number): void {
  const record = {
    since: now,
    rule: `${kind}.adopted`,
    cause: 'it was found in the store',
    source: 'statemanager',
    generation: 0,
    applied: [],
  };
  fleet.putRecord(kind, name, { ...record, state });
}
