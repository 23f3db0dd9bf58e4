import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { chanceOf, type Chance } from '../faults/seed.ts';
import { container, type Peer, type WireContainer } from '../kit/peer.ts';

/*
 * Clients that each know what they said and what they were told. A call that fails is made again through another replica
 * until it is answered, as a client does that must know.
 */

export const NODES = Array.from({ length: 12 }, (_, i) => `n${i}`);
export const SCENARIOS = Array.from({ length: 8 }, (_, i) => `s${i}`);
const SHARED = ['shared-0', 'shared-1', 'shared-2'];

/** The packages that the chaos is about, with their models. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(NODES.map((node) => [`p-${node}`, [`${node}-a`, `${node}-b`]])),
  ...Object.fromEntries(SHARED.map((model) => [`p-${model}`, [model]])),
  'p-all': [...NODES.map((node) => `${node}-a`), ...SHARED],
};

const CYCLE = ['Idle', 'Waiting', 'Satisfied', 'Allowed', 'Completed'];

/** Longer than a replica lets a caller wait, and than any way is held or delayed. */
const CALL_WITHIN_MS = 7000;

/** What passes: the client asks somebody else. */
const PASSING: ReadonlySet<number | undefined> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);

interface Shared {
  /** Ways to every replica. */
  readonly peers: readonly Peer[];
  /** Aborts when the client has to come to its end. */
  readonly over: AbortSignal;
}

/** A client, and what it went through. */
export abstract class Writer {
  readonly name: string;
  protected readonly chance: Chance;
  readonly #shared: Shared;
  answeredCount = 0;
  failedCount = 0;
  /** How long its last answer has taken at the most, all retries counted. */
  longestMs = 0;
  /** What no replica may answer. */
  readonly faults: string[] = [];

  constructor(name: string, shared: Shared) {
    this.name = name;
    this.chance = chanceOf(`chaos ${name}`);
    this.#shared = shared;
  }

  /** Asks again and again until it is over, and once more then. */
  async run(): Promise<void> {
    const { over } = this.#shared;
    for (let isLast = false; !isLast;) {
      isLast = over.aborted;
      const began = performance.now();
      await this.#untilAnswered();
      this.longestMs = Math.max(this.longestMs, performance.now() - began);
      await sleep(this.restMs(), undefined, { signal: over }).catch(() => undefined);
    }
  }

  /** Thinks of what to say next. */
  protected abstract begin(): void;
  /** Says it to a replica. */
  protected abstract say(peer: Peer): Promise<void>;
  /** Before it is said to another one. */
  protected abstract again(): void;
  protected abstract restMs(): number;

  async #untilAnswered(): Promise<void> {
    this.begin();
    for (;;) {
      try {
        await this.say(this.chance.one(this.#shared.peers));
        this.answeredCount += 1;
        return;
      } catch (error) {
        const { code, message } = error as { code?: number; message: string };
        if (!PASSING.has(code)) this.faults.push(`${this.name} heard: ${message}`);
        this.failedCount += 1;
        await sleep(this.chance.between(20, 200));
        this.again();
      }
    }
  }
}

/** A NodeAgent. Its n-th word is told from all others by the name of its marker container. */
export class NodeWriter extends Writer {
  readonly words: (readonly WireContainer[])[] = [];
  /** The newest word that was acknowledged, and when. */
  acknowledged = -1;

  protected begin(): void {
    this.words.push(this.#word());
  }

  protected async say(peer: Peer): Promise<void> {
    const index = this.words.length - 1;
    await peer.report(this.name, this.words[index] as readonly WireContainer[], CALL_WITHIN_MS);
    this.acknowledged = index;
  }

  /** Often something has happened meanwhile, and only the newest word counts. */
  protected again(): void {
    if (this.chance.next() < 0.5) this.begin();
  }

  /** Now and then nothing happens on a node for long enough that what is dead there has to be reconciled. */
  protected restMs(): number {
    return this.chance.next() < 0.02 ? this.chance.between(10_000, 25_000) : this.chance.between(30, 200);
  }

  #word(): readonly WireContainer[] {
    const models = [`${this.name}-a`, `${this.name}-b`, ...SHARED].filter(() => this.chance.next() < 0.8);
    const described = models.map((model) => {
      const now = this.chance.one(['running', 'running', 'exited', 'exited', 'paused', 'created', 'removing']);
      return container(model, `${model}-${this.name}`, now, { exitCode: this.chance.one([0, 1, 137]) });
    });
    return [...described, container(markerOf(this.name), String(this.words.length), 'running')];
  }
}

/** A component that takes a scenario through its states, each with a transition id of its own. */
export class ChangeWriter extends Writer {
  /** Every change that was asked for: the last one may not have been answered yet. */
  readonly changes: { readonly id: string; readonly target: string; isAnswered: boolean }[] = [];

  protected begin(): void {
    const i = this.changes.length;
    this.changes.push({ id: `${this.name}-${i}`, target: CYCLE[i % CYCLE.length] as string, isAnswered: false });
  }

  protected async say(peer: Peer): Promise<void> {
    const change = this.changes.at(-1) as ChangeWriter['changes'][number];
    const request = { resource_name: this.name, target_state: change.target, transition_id: change.id };
    const { error_code, error_details } = await peer.change(request, CALL_WITHIN_MS);
    if (error_code !== 'ERROR_CODE_SUCCESS') this.faults.push(`${change.id} was refused: ${error_details}`);
    change.isAnswered = true;
  }

  protected again(): void {
    // The same change, with the same id.
  }

  protected restMs(): number {
    return this.chance.between(20, 150);
  }
}

/** The model whose container's name says which word of a node it is. */
export function markerOf(node: string): string {
  return `${node}-marker`;
}
