import { toBinary } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { frameOf } from '../grpc/grpc-frame.ts';
import { AS_MESSAGES, typeOf, type WatchForm } from '../read/changes.ts';
import type { Filter } from '../read/filter.ts';
import type { JournalEntry } from '../read/journal.ts';

/** So many commits are kept encoded: whoever watches reads the newest. */
const KEPT_COUNT = 16;

/**
 * What a watch is told, as gRPC frames it. Watches that are told the same of a commit share the bytes: describing and
 * encoding it is most of what a watch costs.
 */
export class FramedForm implements WatchForm<Uint8Array> {
  readonly #kept = new Map<JournalEntry, Map<string, Uint8Array>>();

  changes(entry: JournalEntry, filter: Filter): Uint8Array | undefined {
    const types = entry.events.map((event) => typeOf(event, filter) ?? 0);
    if (types.every((type) => type === 0)) return undefined;
    const framed = this.#framedOf(entry);
    const key = Buffer.from(types).toString('latin1');
    let frame = framed.get(key);
    if (frame === undefined) {
      const message = AS_MESSAGES.changes(entry, filter);
      if (message === undefined) return undefined;
      frame = this.other(message);
      framed.set(key, frame);
    }
    return frame;
  }

  other(message: v1.WatchResourcesResponse): Uint8Array {
    return frameOf(toBinary(v1.WatchResourcesResponseSchema, message));
  }

  /** By what the entry's events are for whoever is told. */
  #framedOf(entry: JournalEntry): Map<string, Uint8Array> {
    const known = this.#kept.get(entry);
    if (known !== undefined) return known;
    const framed = new Map<string, Uint8Array>();
    this.#kept.set(entry, framed);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_COUNT && oldest !== undefined) this.#kept.delete(oldest);
    return framed;
  }
}
