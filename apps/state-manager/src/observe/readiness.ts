import type { Manager } from '../manager.ts';
import type { ReadModel } from '../read/read-model.ts';
import type { SeenStore, StoreLook } from './store-look.ts';

/** Whether this process can answer, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** `candidate`: nobody leads, or this process is about to. */
  readonly role: 'leader' | 'follower' | 'candidate';
  /** One sentence for each thing that is not ready: what it is, and what to do. */
  readonly reasons: readonly string[];
  /** As found by the last look at it. */
  readonly store: SeenStore | { readonly state: 'unknown'; readonly detail: string };
  /** Up to which revision of the store the view goes; 0 while none is loaded. */
  readonly revision: number;
}

export interface ReadinessSources {
  readonly manager: Pick<Manager, 'leads' | 'leader'>;
  readonly model: Pick<ReadModel, 'present'>;
  readonly store: Pick<StoreLook, 'last'>;
}

/** What a store says of itself is cut here: it may quote what others said. */
const MAX_DETAIL_LENGTH = 500;

const UNSEEN = { state: 'unknown', detail: 'nobody has looked at it yet' } as const;

export function readinessOf({ manager, model, store }: ReadinessSources, draining: boolean): Readiness {
  const seen = store.last;
  const { present } = model;
  const role = manager.leads ? 'leader' : manager.leader === undefined ? 'candidate' : 'follower';
  const reasons: string[] = [];
  if (draining) reasons.push('this process stops: ask another one');
  if (seen?.state === 'unavailable')
    reasons.push(`the store is unavailable (${cut(seen.detail)}): bring it back; nothing has to be repeated`);
  if (present === undefined)
    reasons.push(
      'the view is not loaded yet: wait; if it stays so, the log says why under "waiting to lead" or "trying again"',
    );
  if (role === 'candidate')
    reasons.push(
      'nobody leads: an election takes seconds; if it stays so, the log says why under "waiting to lead" or "trying again"',
    );
  return {
    ready: reasons.length === 0,
    role,
    reasons,
    store: seen === undefined ? UNSEEN : { ...seen, detail: cut(seen.detail) },
    revision: present?.revision ?? 0,
  };
}

function cut(text: string): string {
  return text.length <= MAX_DETAIL_LENGTH ? text : `${text.slice(0, MAX_DETAIL_LENGTH)}…`;
}
