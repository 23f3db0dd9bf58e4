import { StoreError } from './store-error.ts';
import { MAX_COMMIT_GUARDS, MAX_COMMIT_OPERATIONS } from './store.ts';
import type { Commit } from './store.ts';

/**
 * Throws `invalid_argument` unless the commit keeps the port's limits: every store calls it before it sends anything,
 * so that all of them refuse the same commits.
 */
export function assertCommit(commit: Commit): void {
  const { guards, operations } = commit;
  if (operations.length > MAX_COMMIT_OPERATIONS) {
    throw invalid(`a commit takes at most ${MAX_COMMIT_OPERATIONS} operations, this one has ${operations.length}`);
  }
  if (guards.length > MAX_COMMIT_GUARDS) {
    throw invalid(`a commit takes at most ${MAX_COMMIT_GUARDS} guards, this one has ${guards.length}`);
  }
  for (const guard of guards) {
    assertKey(guard.key);
    if ('revision' in guard) assertRevision(guard.revision);
    else if (guard.value !== null) assertValue(guard.key, guard.value);
  }
  const seen = new Set<string>();
  for (const operation of operations) {
    assertKey(operation.key);
    if (operation.type === 'put') assertValue(operation.key, operation.value);
    if (seen.has(operation.key))
      throw invalid(`a commit changes a key once, this one changes '${operation.key}' twice`);
    seen.add(operation.key);
  }
}

/** Throws `invalid_argument` if the key is empty, or is not Unicode text (half a surrogate pair has no UTF-8 form). */
export function assertKey(key: string): void {
  if (key === '') throw invalid('a key must not be empty');
  if (!isWellFormed(key)) throw invalid('a key must be well-formed Unicode');
}

/** Throws `invalid_argument` if the value is not Unicode text: it would come back as something else. */
export function assertValue(key: string, value: string): void {
  if (!isWellFormed(value)) throw invalid(`the value of '${key}' must be well-formed Unicode`);
}

/** Throws `invalid_argument` unless `revision` is one a store could have answered, or 0. */
export function assertRevision(revision: number): void {
  if (!Number.isSafeInteger(revision) || revision < 0) throw invalid(`${revision} is not a revision`);
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

function invalid(message: string): StoreError {
  return new StoreError('invalid_argument', message);
}
