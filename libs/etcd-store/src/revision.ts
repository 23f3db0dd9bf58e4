import { StoreError } from '@statemanager/state-store';

/** etcd's revisions are 64-bit integers, written as text; the port's are safe integers. */
export function toRevision(text: string): number {
  const revision = Number(text);
  if (!Number.isSafeInteger(revision))
    throw new StoreError('corrupt', `etcd is at revision ${text}, which is too large`);
  return revision;
}
