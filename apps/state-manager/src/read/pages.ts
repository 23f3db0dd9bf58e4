import { randomUUID } from 'node:crypto';
import type { v1 } from '@statemanager/proto';
import { MAX_ANSWER_BYTES, sizeOf } from './answer-size.ts';
import { copyEntries, READ_KINDS, type ReadKind } from './entries.ts';
import { factsOf } from './facts.ts';
import { FieldError } from './field-error.ts';
import { readPageSize, type Filter } from './filter.ts';
import type { Picture } from './picture.ts';
import { describeResource, type ReconcileStatus } from './resource.ts';

/** How long the next page of a listing can be asked for, and how many listings may be open. */
const OPEN_FOR_MS = 60_000;
const OPEN_MAX_COUNT = 100;

/** One page looks at so many entries at the most: a filter that fits little must not hold up everybody else. */
const LOOKED_AT_MAX_COUNT = 50_000;

/** A listing that has more pages. */
interface Open {
  readonly picture: Picture;
  readonly filter: string;
  readonly until: number;
}

/** Where a page begins: after this thing. */
interface Position {
  readonly kind: ReadKind;
  readonly name: string;
}

export interface Page {
  readonly resources: readonly v1.Resource[];
  readonly nextPageToken: string;
  readonly revision: number;
}

/** Listings in pages, all of one revision: the picture of the first page is kept until the last one was read. */
export class Pages {
  readonly #open = new Map<string, Open>();

  /** One page. `filterText` tells whether the filter is that of the page before. Throws FieldError. */
  read(
    present: Picture,
    request: Pick<v1.ListResourcesRequest, 'pageSize' | 'pageToken'>,
    filter: Filter,
    filterText: string,
    reconcileStatus: ReconcileStatus,
  ): Page {
    const size = readPageSize(request.pageSize);
    const resumed = request.pageToken === '' ? undefined : this.#resume(request.pageToken, filterText);
    const picture = resumed?.picture ?? present;
    const resources: v1.Resource[] = [];
    let last = resumed?.position;
    let [lookedAt, bytes] = [0, 0];
    for (const [kind, name] of namesAfter(picture, filter, last)) {
      const isFull = resources.length >= size || bytes >= MAX_ANSWER_BYTES || lookedAt >= LOOKED_AT_MAX_COUNT;
      if (last !== undefined && isFull) {
        const id = resumed?.id ?? this.#keep(picture, filterText);
        return { resources, nextPageToken: tokenOf(id, last), revision: picture.revision };
      }
      lookedAt += 1;
      last = { kind, name };
      const facts = factsOf(picture, kind, name);
      if (facts === undefined || !filter.matches(facts)) continue;
      const resource = describeResource(picture, kind, name, reconcileStatus);
      bytes += sizeOf(resource);
      resources.push(resource);
    }
    if (resumed !== undefined) this.#open.delete(resumed.id);
    return { resources, nextPageToken: '', revision: picture.revision };
  }

  #keep(picture: Picture, filter: string): string {
    const now = performance.now();
    for (const [id, { until }] of this.#open) {
      if (until < now || this.#open.size >= OPEN_MAX_COUNT) this.#open.delete(id);
    }
    const id = randomUUID();
    const kept = { ...picture, entries: copyEntries(picture.entries) };
    this.#open.set(id, { picture: kept, filter, until: now + OPEN_FOR_MS });
    return id;
  }

  #resume(token: string, filter: string): { id: string; picture: Picture; position: Position } {
    const { id, position } = readToken(token);
    const open = this.#open.get(id);
    if (open === undefined || open.until < performance.now()) {
      throw new FieldError('page_token', 'has expired: begin the listing again');
    }
    if (open.filter !== filter) throw new FieldError('page_token', 'belongs to a listing with another filter');
    this.#open.set(id, { ...open, until: performance.now() + OPEN_FOR_MS });
    return { id, picture: open.picture, position };
  }
}

function* namesAfter(picture: Picture, filter: Filter, position: Position | undefined): Generator<[ReadKind, string]> {
  const from = position === undefined ? 0 : READ_KINDS.indexOf(position.kind);
  for (const kind of READ_KINDS.slice(from)) {
    if (!filter.kinds.includes(kind)) continue;
    const after = kind === position?.kind ? position.name : undefined;
    for (const name of namesWithPrefix(picture, kind, filter.namePrefix, after)) yield [kind, name];
  }
}

/** Names are in order, so that a prefix is a range. */
function* namesWithPrefix(
  { entries }: Picture,
  kind: ReadKind,
  prefix: string,
  after: string | undefined,
): Generator<string> {
  const map = entries[kind];
  if (after === undefined && prefix !== '' && map.get(prefix) !== undefined) yield prefix;
  for (const [name] of map.entriesAfter(after ?? (prefix === '' ? undefined : prefix))) {
    if (!name.startsWith(prefix)) return;
    yield name;
  }
}

function tokenOf(id: string, { kind, name }: Position): string {
  return Buffer.from(JSON.stringify([id, kind, name])).toString('base64url');
}

function readToken(token: string): { id: string; position: Position } {
  try {
    const [id, kind, name] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    const known = READ_KINDS.find((k) => k === kind);
    if (typeof id === 'string' && typeof name === 'string' && known !== undefined) {
      return { id, position: { kind: known, name } };
    }
  } catch {
    // Not one of ours; said below.
  }
  throw new FieldError('page_token', 'is none that a listing gave');
}
