import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import type { Facts } from './facts.ts';
import type { Filter } from './filter.ts';
import type { JournalEntry, JournalEvent } from './journal.ts';
import { describeTransition } from './resource.ts';

/** In which form a watch is told what it is told. */
export interface WatchForm<M> {
  /** All of a commit that concerns the filter, in one message; undefined if nothing does. */
  changes(entry: JournalEntry, filter: Filter): M | undefined;
  /** Any other message. */
  other(message: v1.WatchResourcesResponse): M;
}

/** As messages. */
export const AS_MESSAGES: WatchForm<v1.WatchResourcesResponse> = {
  changes: (entry, filter) => describeChanges(entry, filter),
  other: (message) => message,
};

/** Whether anything of a commit concerns a filter. */
export function concerns({ events }: JournalEntry, filter: Filter): boolean {
  return events.some((event) => typeOf(event, filter) !== undefined);
}

function describeChanges({ revision, events }: JournalEntry, filter: Filter): v1.WatchResourcesResponse | undefined {
  const described: v1.Event[] = [];
  for (const event of events) {
    const type = typeOf(event, filter);
    if (type !== undefined) described.push(describeEvent(event, type, revision));
  }
  if (described.length === 0) return undefined;
  return create(v1.WatchResourcesResponseSchema, {
    revision: BigInt(revision),
    message: { case: 'changes', value: create(v1.ChangesSchema, { events: described }) },
  });
}

export function describeEvent({ resource, transition }: JournalEvent, type: v1.EventType, revision: number): v1.Event {
  const moved = transition && { transition: describeTransition(transition, revision) };
  return create(v1.EventSchema, { type, resource, ...moved });
}

/** What a change is for a filter; undefined if it does not concern it. */
export function typeOf({ before, after }: JournalEvent, filter: Filter): v1.EventType | undefined {
  if (fits(after, filter)) return v1.EventType.PUT;
  if (!fits(before, filter)) return undefined;
  return after === undefined ? v1.EventType.REMOVED : v1.EventType.LEFT;
}

function fits(facts: Facts | undefined, filter: Filter): boolean {
  return facts !== undefined && filter.matches(facts);
}
