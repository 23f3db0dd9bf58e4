import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { READ_KINDS } from './entries.ts';
import { factsOf } from './facts.ts';
import type { Filter } from './filter.ts';
import type { JournalEntry, JournalEvent } from './journal.ts';
import type { Picture } from './picture.ts';
import type { ReadModel } from './read-model.ts';
import { describeResource, describeTransition, type ReconcileStatus } from './resource.ts';

export interface WatchSettings {
  readonly reconcileStatus: ReconcileStatus;
  /** A quiet watch hears this often how far it is, in milliseconds. */
  readonly bookmarkMs: number;
  /** Resources in one part of a snapshot. */
  readonly partCount: number;
}

/** Why a watch cannot go on; the edge turns it into an error of the call. */
export class WatchEndedError extends Error {
  override readonly name = 'WatchEndedError';
}

type Message = v1.WatchResourcesResponse;

/**
 * A snapshot, then every change, in order. Resumes after a revision if the journal still knows what came then; else it
 * says RESYNC with the reason and sends a new snapshot. A reader that is so slow that the journal forgets what it has not
 * read yet hears RESYNC as well. Throws WatchEndedError when this process does not lead.
 */
export async function* watch(
  model: ReadModel,
  filter: Filter,
  afterRevision: number,
  settings: WatchSettings,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const end = model.beginWatch();
  // A reader that is gone may leave this waiting in a yield for ever.
  signal.addEventListener('abort', end, { once: true });
  try {
    let cursor = afterRevision > 0 ? resumeAt(model, afterRevision) : undefined;
    let seen = afterRevision;
    // Whoever resumes learns at once whether that was possible, also when nothing happened since.
    if (cursor !== undefined) yield bookmark(seen);
    else if (afterRevision > 0) yield resync(model, reasonFor(model, afterRevision));
    while (!signal.aborted) {
      if (cursor === undefined) {
        const picture = pictureOf(model);
        cursor = model.journal.end;
        seen = picture.revision;
        yield* snapshot(picture, filter, settings);
      }
      const entry = model.journal.at(cursor);
      if (entry === 'gone') {
        yield resync(model, 'this watch was too slow, or the view was loaded again: changes were missed');
        cursor = undefined;
      } else if (entry !== undefined) {
        cursor += 1;
        const message = changesOf(entry, filter);
        seen = Math.max(seen, entry.revision);
        if (message !== undefined) yield message;
      } else {
        const quiet = await isQuiet(model, cursor, settings.bookmarkMs, signal);
        if (quiet && model.journal.end === cursor) {
          seen = Math.max(seen, pictureOf(model).revision);
          yield bookmark(seen);
        }
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/** Waits for the next entry. Resolves with true if none came in time. */
async function isQuiet(model: ReadModel, cursor: number, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!signal.aborted) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return true;
    await model.journal.changed(leftMs, signal);
    if (model.present === undefined) throw notLeading();
    if (model.journal.at(cursor) !== undefined) return false;
  }
  return false;
}

function resumeAt(model: ReadModel, afterRevision: number): number | undefined {
  const { revision } = pictureOf(model);
  return afterRevision > revision ? undefined : model.journal.after(afterRevision);
}

function reasonFor(model: ReadModel, afterRevision: number): string {
  const { revision } = pictureOf(model);
  return afterRevision > revision
    ? `revision ${afterRevision} is not there yet: the store is at ${revision}`
    : `what came after revision ${afterRevision} is not known any more`;
}

function pictureOf(model: ReadModel): Picture {
  const picture = model.copy();
  if (picture === undefined) throw notLeading();
  return picture;
}

function notLeading(): WatchEndedError {
  return new WatchEndedError('this StateManager does not lead');
}

function* snapshot(picture: Picture, filter: Filter, settings: WatchSettings): Generator<Message> {
  let resources: v1.Resource[] = [];
  const part = (complete: boolean): Message =>
    message(picture.revision, { case: 'snapshot', value: create(v1.SnapshotSchema, { resources, complete }) });
  for (const kind of READ_KINDS) {
    if (!filter.kinds.includes(kind)) continue;
    for (const [name] of picture.entries[kind].entriesAfter(undefined)) {
      const facts = factsOf(picture, kind, name);
      if (facts === undefined || !filter.matches(facts)) continue;
      if (resources.length >= settings.partCount) {
        yield part(false);
        resources = [];
      }
      resources.push(describeResource(picture, kind, name, settings.reconcileStatus));
    }
  }
  yield part(true);
}

/** All of a commit that concerns the filter, in one message; undefined if nothing does. */
function changesOf(entry: JournalEntry, filter: Filter): Message | undefined {
  const events = entry.events.flatMap((event) => eventsOf(event, filter, entry.revision));
  if (events.length === 0) return undefined;
  return message(entry.revision, { case: 'changes', value: create(v1.ChangesSchema, { events }) });
}

function eventsOf(
  { before, after, resource, transitions }: JournalEvent,
  filter: Filter,
  revision: number,
): v1.Event[] {
  const fitted = before !== undefined && filter.matches(before);
  const fits = after !== undefined && filter.matches(after);
  if (!fitted && !fits) return [];
  const left = after === undefined ? v1.EventType.REMOVED : v1.EventType.LEFT;
  const type = fits ? v1.EventType.PUT : left;
  if (transitions.length === 0) return [create(v1.EventSchema, { type, resource })];
  return transitions.map((transition) =>
    create(v1.EventSchema, { type, resource, transition: describeTransition(transition, revision) }),
  );
}

function resync(model: ReadModel, reason: string): Message {
  return message(model.present?.revision ?? 0, { case: 'resync', value: create(v1.ResyncSchema, { reason }) });
}

function bookmark(revision: number): Message {
  return message(revision, { case: 'bookmark', value: create(v1.BookmarkSchema) });
}

function message(revision: number, content: Message['message']): Message {
  return create(v1.WatchResourcesResponseSchema, { revision: BigInt(revision), message: content });
}
