import type { v1 } from '@statemanager/proto';

/** What a watch says. */
export type Watched =
  /** Everything that fits, at one revision: forget what was known before. */
  | { readonly type: 'snapshot'; readonly resources: readonly v1.Resource[]; readonly revision: bigint }
  /** All changes of one commit. */
  | { readonly type: 'changes'; readonly events: readonly v1.Event[]; readonly revision: bigint }
  /** Nothing changed up to here. */
  | { readonly type: 'bookmark'; readonly revision: bigint }
  /** Changes were missed, for the reason given; a snapshot follows. */
  | { readonly type: 'resync'; readonly reason: string }
  /** The connection was lost. The watch goes on as soon as a replica answers, after the last revision. */
  | { readonly type: 'lost'; readonly reason: string };

/** Reads the messages of one connection of a watch. */
export class WatchReader {
  #revision: bigint;
  #parts: v1.Resource[] = [];

  constructor(afterRevision: bigint) {
    this.#revision = afterRevision;
  }

  /** Up to here everything was heard; 0 if a snapshot is due. */
  get revision(): bigint {
    return this.#revision;
  }

  /** What a message says; undefined for a part of a snapshot that is not complete. */
  read({ revision, message }: v1.WatchResourcesResponse): Watched | undefined {
    switch (message.case) {
      case 'snapshot':
        return this.#gather(message.value, revision);
      case 'changes':
        this.#revision = revision;
        return { type: 'changes', events: message.value.events, revision };
      case 'bookmark':
        this.#revision = revision;
        return { type: 'bookmark', revision };
      case 'resync':
        this.#revision = 0n;
        this.#parts = [];
        return { type: 'resync', reason: message.value.reason };
      case undefined:
        return undefined;
    }
  }

  /** A snapshot that breaks off must begin again, so that it counts only when it is complete. */
  #gather({ resources, complete }: v1.Snapshot, revision: bigint): Watched | undefined {
    this.#parts.push(...resources);
    if (!complete) return undefined;
    const all = this.#parts;
    this.#parts = [];
    this.#revision = revision;
    return { type: 'snapshot', resources: all, revision };
  }
}
