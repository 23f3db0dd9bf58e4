import { HISTORY_PREFIX, type KeyValueStore, type Operation } from '@statemanager/state-store';

/** What a service committed at once. */
export interface RecordedCommit {
  readonly operations: readonly Operation[];
  /** How many models changed their state in it. */
  readonly modelsCount: number;
}

const MODEL_HISTORY = `${HISTORY_PREFIX}model/`;

/** Records what is committed to a store until the signal aborts. */
export async function recordCommits(store: KeyValueStore, signal: AbortSignal): Promise<readonly RecordedCommit[]> {
  const commits: RecordedCommit[] = [];
  for await (const { events } of store.watch('/', { signal })) {
    const modelsCount = events.filter(({ key }) => key.startsWith(MODEL_HISTORY)).length;
    if (modelsCount > 0) commits.push({ operations: events, modelsCount });
  }
  return commits;
}

/** Commits the same, without a service, one after the other for so long. Returns how many models a second that is. */
export async function commitBare(
  store: KeyValueStore,
  commits: readonly RecordedCommit[],
  ms: number,
): Promise<number> {
  const began = performance.now();
  let models = 0;
  for (let i = 0; performance.now() - began < ms; i += 1) {
    const { operations, modelsCount } = commits[i % commits.length] as RecordedCommit;
    const { outcome } = await store.commit({ guards: [], operations });
    if (outcome !== 'committed') throw new Error(`a commit ended as ${outcome}`);
    models += modelsCount;
  }
  return models / ((performance.now() - began) / 1000);
}
