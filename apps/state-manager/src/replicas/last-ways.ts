import type { Committed, Follower } from '../engine/follower.ts';
import type { Forwarded } from './headers.ts';

/** A node's newest word, as the leader has it. */
export interface LastWord {
  /** Counts the node's words since this process leads. */
  readonly number: number;
  /** How long ago it came, in milliseconds. */
  readonly agoMs: number;
}

interface Last {
  way: string;
  number: number;
  /** On the monotonic clock. */
  at: number;
}

/**
 * Which way the newest word of each node has come to the leader: from the node itself, or from another process. What comes
 * one way keeps its order. What comes another way may have been under way for long, and be older than what the node,
 * which had given up on it, said since: whoever brings it has to say that it knows of that word, and that its own is newer.
 */
export class LastWays implements Follower {
  readonly #last = new Map<string, Last>();

  onTermEnd(): void {
    this.#last.clear();
  }

  onCommit({ changes }: Committed): void {
    for (const [node, record] of changes.changedNodes()) if (record === undefined) this.#last.delete(node);
  }

  /** The word that a report may be older than; undefined if it surely is the node's newest. */
  other(node: string, forwarded: Forwarded | undefined): LastWord | undefined {
    const last = this.#last.get(node);
    if (forwarded === undefined || last === undefined) return undefined;
    if (last.way === forwarded.by || last.number === forwarded.newerThan) return undefined;
    return { number: last.number, agoMs: performance.now() - last.at };
  }

  /** Whether whoever forwarded a report found that it is newer than its node's last word. */
  isKnownNewer(node: string, forwarded: Forwarded | undefined): boolean {
    return forwarded?.newerThan !== undefined && this.#last.get(node)?.number === forwarded.newerThan;
  }

  /** Notes that a node's newest word has come, and which way. Returns its number. */
  note(node: string, forwarded: Forwarded | undefined): number {
    const way = forwarded?.by ?? '';
    const last = this.#last.get(node);
    if (last === undefined) {
      this.#last.set(node, { way, number: 1, at: performance.now() });
      return 1;
    }
    last.way = way;
    last.number += 1;
    last.at = performance.now();
    return last.number;
  }

  /** A word was refused. Nothing is kept of a node that has said nothing else: it may be one that is not to be. */
  refused(node: string, number: number): void {
    if (number === 1 && this.#last.get(node)?.number === 1) this.#last.delete(node);
  }
}
