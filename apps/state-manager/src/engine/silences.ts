import type { Input } from '@statemanager/state-machine';
import type { Committed, Follower, Heard, Term } from './follower.ts';

/** From when on a node counts as silent, and what follows. */
export interface SilenceOptions {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** Whether what was alive on a silent node counts as Dead, after a grace. */
  readonly as: 'stale' | 'dead';
  readonly graceMs: number;
}

interface Sign {
  /** On the monotonic clock. */
  readonly at: number;
  /** In milliseconds since 1970, by this process's clock; when the term began if it was not heard since. */
  readonly heardAt: number;
  said: 'nothing' | 'stale' | 'dead';
}

/** How much later than it should a silence may be noticed, as a share of the timeout. */
const LATE_SHARE = 0.1;
const LEAST_LOOK_MS = 20;

/**
 * Notices nodes that report regularly and have fallen silent. NodeAgents need not: it is off unless an operator says that
 * they do. Whoever begins to lead has heard nobody, and gives each node the whole time again.
 */
export class Silences implements Follower {
  readonly #options: SilenceOptions;
  readonly #submit: (input: Input) => void;
  readonly #stale: (nodes: readonly string[]) => void;
  readonly #signs = new Map<string, Sign>();
  #timer: NodeJS.Timeout | undefined;

  /** Tells `stale` of nodes whose word is not to be trusted any more, and submits what has to be decided. */
  constructor(options: SilenceOptions, submit: (input: Input) => void, stale: (nodes: readonly string[]) => void) {
    this.#options = options;
    this.#submit = submit;
    this.#stale = stale;
  }

  onTerm({ view }: Term): readonly [] {
    const [at, heardAt] = [performance.now(), Date.now()];
    for (const node of view.names('node')) this.#signs.set(node, { at, heardAt, said: 'nothing' });
    const everyMs = Math.max(LEAST_LOOK_MS, this.#options.timeoutMs * LATE_SHARE);
    this.#timer = setInterval(() => this.#look(), everyMs);
    return [];
  }

  onHeard(heard: readonly Heard[]): void {
    if (this.#timer === undefined) return;
    const at = performance.now();
    for (const { node, at: heardAt } of heard) this.#signs.set(node, { at, heardAt, said: 'nothing' });
  }

  onCommit({ changes }: Committed): void {
    for (const [node, record] of changes.changedNodes()) if (record === undefined) this.#signs.delete(node);
  }

  onTermEnd(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#signs.clear();
  }

  #look(): void {
    const { timeoutMs, as, graceMs } = this.#options;
    const now = performance.now();
    const stale: string[] = [];
    for (const [node, sign] of this.#signs) {
      const silentMs = now - sign.at;
      if (sign.said === 'nothing' && silentMs >= timeoutMs) {
        sign.said = 'stale';
        stale.push(node);
      }
      if (as === 'dead' && sign.said === 'stale' && silentMs >= timeoutMs + graceMs) {
        sign.said = 'dead';
        this.#submit({ type: 'node-silent', node, heardAt: sign.heardAt, silentMs, at: Date.now() });
      }
    }
    if (stale.length > 0) this.#stale(stale);
  }
}
