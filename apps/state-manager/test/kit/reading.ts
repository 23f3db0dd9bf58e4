import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import type { Fleet } from '@statemanager/state-machine';
import type { Manager } from '../../src/manager.ts';
import type { Picture } from '../../src/read/picture.ts';
import { ReadModel } from '../../src/read/read-model.ts';
import type { ReconcileStatus } from '../../src/read/resource.ts';
import { CANDIDATE, createManager, recordLog } from './engine.ts';

/** A status of intents that are due at no time. */
export const IDLE_STATUS: ReconcileStatus = () => ({ nextAttemptAt: undefined, waitsBecause: '' });

/** A manager that leads, and the read model that follows it. */
export interface Reading {
  readonly manager: Manager;
  readonly model: ReadModel;
  readonly store: KeyValueStore;
  /** The present. */
  picture(): Picture;
  view(): Fleet;
  /** Ends the term. The store stays open. */
  stop(): Promise<void>;
}

/** Begins to lead on a store; on an empty one of its own if none is given. */
export async function startReading(store: KeyValueStore = openMemoryStore()): Promise<Reading> {
  const model = new ReadModel({ journalCount: 1000, resumeWithinMs: 0, reconcileStatus: IDLE_STATUS });
  const manager = createManager(store, recordLog().log);
  manager.follow(model);
  manager.start(CANDIDATE);
  await manager.submit({ type: 'leading', packages: [], at: 1 });
  const present = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('it does not lead');
    return value;
  };
  return {
    manager,
    model,
    store,
    picture: () => present(model.present),
    view: () => present(model.view),
    stop: () => manager.stop(1000),
  };
}
