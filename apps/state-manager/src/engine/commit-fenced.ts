import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FENCE_KEY, StoreError, type Commit, type KeyValueStore, type Operation } from '@statemanager/state-store';

/** What hears of a commit that has to be sent again. */
export interface RetryLog {
  warn(fields: object, message: string): void;
}

const RETRY_MS = { least: 50, most: 1000 };

/** A commit on the chain: the fence must be the one of the commit before, and becomes this one's. */
export interface FencedCommit {
  readonly commit: Commit;
  /** The fence after it, on which the next one may be laid before this one is applied. */
  readonly fence: string;
}

/** Lays operations on a fence. */
export function fencedCommit(operations: readonly Operation[], before: string): FencedCommit {
  const fence = randomUUID();
  const commit = {
    guards: [{ key: FENCE_KEY, value: before }],
    operations: [{ type: 'put', key: FENCE_KEY, value: fence } as const, ...operations],
  };
  return { commit, fence };
}

/**
 * Commits on the chain. Returns when it surely is applied, however often the store had to be asked, with the revision and
 * the fence after it.
 *
 * Throws the reason of `over` when that aborts, because the leadership is lost or the process ends (what is in flight may
 * then be applied or not: load the view again), StoreError `deposed` if another writer moved the fence, and what else the
 * store throws for good.
 */
export async function commitFenced(
  store: KeyValueStore,
  { commit, fence }: FencedCommit,
  over: AbortSignal,
  log: RetryLog,
): Promise<{ readonly revision: number; readonly fence: string }> {
  let maybeApplied = false;
  for (let waitMs = RETRY_MS.least; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
    try {
      const result = await store.commit(commit);
      if (result.outcome === 'committed') return { revision: result.revision, fence };
      if (result.outcome === 'conflict') {
        if (!maybeApplied) throw new StoreError('deposed', 'another writer moved the fence');
        return { revision: await revisionOf(store, fence), fence };
      }
      maybeApplied = true;
      log.warn({ err: result.cause }, 'the outcome of a commit is unknown; sending it again');
    } catch (error) {
      if (!StoreError.is(error, 'unavailable')) throw error;
      log.warn({ err: error }, 'the store cannot be reached; sending the commit again');
    }
    await sleep(waitMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) throw over.reason;
  }
}

/** The revision of an earlier try that was applied after all. Throws `deposed` if it was not. */
async function revisionOf(store: KeyValueStore, fence: string): Promise<number> {
  const entry = await store.get(FENCE_KEY);
  if (entry?.value !== fence) throw new StoreError('deposed', 'another writer moved the fence');
  return entry.revision;
}
