import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { MAX_ANSWER_BYTES, sizeOf } from './answer-size.ts';
import { concerns, type WatchForm } from './changes.ts';
import { READ_KINDS } from './entries.ts';
import { factsOf } from './facts.ts';
import type { Filter } from './filter.ts';
import type { Place } from './journal.ts';
import type { Picture } from './picture.ts';
import type { ReadModel } from './read-model.ts';
import { describeResource, type ReconcileStatus } from './resource.ts';

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
export async function* watch<M>(
  model: ReadModel,
  filter: Filter,
  afterRevision: number,
  settings: WatchSettings,
  form: WatchForm<M>,
  signal: AbortSignal,
): AsyncGenerator<M> {
  const endJournaling = model.beginWatch();
  const place = model.journal.join();
  const end = (): void => {
    endJournaling();
    model.journal.leave(place);
  };
  // A reader that is gone may leave this waiting in a yield for ever.
  signal.addEventListener('abort', end, { once: true });
  try {
    yield* follow(model, filter, afterRevision, settings, form, place, signal);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function* follow<M>(
  model: ReadModel,
  filter: Filter,
  afterRevision: number,
  settings: WatchSettings,
  form: WatchForm<M>,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<M> {
  let cursor = afterRevision > 0 ? resumeAt(model, afterRevision) : undefined;
  place.next = cursor;
  let seen = afterRevision;
  let saidAt = performance.now();
  // Whoever resumes learns at once whether that was possible, also when nothing happened since.
  if (cursor !== undefined) yield form.other(bookmark(seen));
  else if (afterRevision > 0) {
    model.resyncsCount += 1;
    yield form.other(resync(model, reasonFor(model, afterRevision)));
  }
  while (!signal.aborted) {
    if (cursor === undefined) {
      const picture = copyOf(model);
      cursor = model.journal.end;
      place.next = cursor;
      seen = picture.revision;
      for (const part of snapshot(picture, filter, settings)) yield form.other(part);
      saidAt = performance.now();
    }
    const { revision } = presentOf(model);
    const entry = model.journal.at(cursor);
    // What is given to a reader counts as not read until it takes it.
    place.next = cursor;
    if (entry === 'gone') {
      model.resyncsCount += 1;
      yield form.other(resync(model, 'this watch was too slow, or the view was loaded again: changes were missed'));
      cursor = undefined;
      continue;
    }
    const leftMs = saidAt + settings.bookmarkMs - performance.now();
    if (entry === undefined && leftMs > 0) {
      place.next = undefined;
      cursor = await model.journal.changed((next) => concerns(next, filter), leftMs, signal);
      continue;
    }
    if (entry !== undefined) cursor += 1;
    seen = Math.max(seen, entry?.revision ?? revision);
    // A watch whose filter nothing concerns is quiet, however much else happens: it too must be able to resume.
    const changes = entry && form.changes(entry, filter);
    const said = changes ?? (leftMs > 0 ? undefined : form.other(bookmark(seen)));
    if (said === undefined) continue;
    yield said;
    saidAt = performance.now();
  }
}

function resumeAt(model: ReadModel, afterRevision: number): number | undefined {
  const { revision } = presentOf(model);
  return afterRevision > revision ? undefined : model.journal.after(afterRevision);
}

function reasonFor(model: ReadModel, afterRevision: number): string {
  const { revision } = presentOf(model);
  return afterRevision > revision
    ? `revision ${afterRevision} is not there yet: the store is at ${revision}`
    : `what came after revision ${afterRevision} is not known any more`;
}

function presentOf({ present }: ReadModel): Picture {
  if (present === undefined) throw notLoaded();
  return present;
}

function copyOf(model: ReadModel): Picture {
  const picture = model.copy();
  if (picture === undefined) throw notLoaded();
  return picture;
}

function notLoaded(): WatchEndedError {
  return new WatchEndedError('this StateManager has not loaded its view yet');
}

function* snapshot(picture: Picture, filter: Filter, settings: WatchSettings): Generator<Message> {
  let resources: v1.Resource[] = [];
  let bytes = 0;
  const part = (complete: boolean): Message =>
    message(picture.revision, { case: 'snapshot', value: create(v1.SnapshotSchema, { resources, complete }) });
  for (const kind of READ_KINDS) {
    if (!filter.kinds.includes(kind)) continue;
    for (const [name] of picture.entries[kind].entriesAfter(undefined)) {
      const facts = factsOf(picture, kind, name);
      if (facts === undefined || !filter.matches(facts)) continue;
      if (resources.length >= settings.partCount || bytes >= MAX_ANSWER_BYTES) {
        yield part(false);
        resources = [];
        bytes = 0;
      }
      const resource = describeResource(picture, kind, name, settings.reconcileStatus);
      bytes += sizeOf(resource);
      resources.push(resource);
    }
  }
  yield part(true);
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
