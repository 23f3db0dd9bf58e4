import { Fleet, type Transition } from '@statemanager/state-machine';
import {
  HISTORY_PREFIX,
  NODE_PREFIX,
  RECONCILE_PREFIX,
  RECORD_PREFIX,
  UnreadableValueError,
  decodeIntent,
  decodeNode,
  decodeRecord,
  decodeTransition,
  nameUnder,
  parseHistoryKey,
  parseRecordKey,
  type WatchBatch,
  type WatchEvent,
} from '@statemanager/state-store';

/** What a commit of another process says, as that process would have told its own followers. */
export interface ReadChanges {
  /** Laid over the view before. */
  readonly changes: Fleet;
  /** In the order in which they happened. */
  readonly transitions: readonly Transition[];
  /** What could not be read and was left as it was known: a sentence each, with the key in it. */
  readonly problems: readonly string[];
}

/** Reads a commit out of what a watch saw of it, over the view that it was made on. */
export function readChanges(view: Fleet, { events }: WatchBatch): ReadChanges {
  const changes = new Fleet(view);
  const transitions: Transition[] = [];
  const problems: string[] = [];
  for (const event of events) {
    try {
      readEvent(changes, transitions, event);
    } catch (error) {
      if (!(error instanceof UnreadableValueError)) throw error;
      problems.push(error.message);
    }
  }
  return { changes, transitions, problems };
}

function readEvent(changes: Fleet, transitions: Transition[], event: WatchEvent): void {
  const { key } = event;
  if (key.startsWith(RECORD_PREFIX)) {
    const resource = parseRecordKey(key);
    if (resource === undefined) return;
    const { kind, name } = resource;
    changes.putRecord(kind, name, event.type === 'put' ? decodeRecord(kind, key, event.value) : undefined);
  } else if (key.startsWith(NODE_PREFIX)) {
    const name = nameUnder(NODE_PREFIX, key);
    if (name !== undefined) changes.putNode(name, event.type === 'put' ? decodeNode(key, event.value) : undefined);
  } else if (key.startsWith(RECONCILE_PREFIX)) {
    const name = nameUnder(RECONCILE_PREFIX, key);
    if (name !== undefined) changes.putIntent(name, event.type === 'put' ? decodeIntent(key, event.value) : undefined);
  } else if (key.startsWith(HISTORY_PREFIX) && event.type === 'put') {
    const resource = parseHistoryKey(key);
    if (resource !== undefined) transitions.push(decodeTransition(resource.kind, resource.name, key, event.value));
  }
}
