import { ConnectError } from '@connectrpc/connect';
import { statemanager } from '@statemanager/proto';
import type { Report } from '@statemanager/state-machine';
import type { Outcome } from '../engine/decide-batch.ts';
import { EngineError } from '../engine/engine-error.ts';
import type { Follower } from '../engine/follower.ts';
import type { Entry, InputQueue } from '../engine/input-queue.ts';
import { fail } from '../engine/intake.ts';
import type { Logger } from '../log.ts';
import { HELD_MS, NEWER_THAN } from './headers.ts';
import type { LastWord } from './last-ways.ts';
import { isDenied, mayPass, readLastWord, wasNotTaken, type LeaderLink } from './leader-link.ts';
import type { Tracing } from '../observe/tracing.ts';
import { reportMessage } from './report-message.ts';
import { countTries } from './tries.ts';

export interface ReportForwarderOptions {
  /** Where reports wait. */
  readonly queue: InputQueue<Outcome>;
  readonly link: Pick<LeaderLink, 'isThere' | 'call'>;
  readonly tracing?: Tracing | undefined;
  readonly log: Logger;
}

const METHOD = statemanager.StateManagerConnection.method.sendChangedContainerList;

/** How many reports are under way at once. */
const CONCURRENCY = 64;

/** When a leader that could not take one is asked again: one that was just elected can a moment later. */
const RETRY_MS = { least: 10, most: 200 };

/** What rounding makes of times that are compared. */
const CLOCK_MS = 5;

/** A report that waited longer than this may be older than what the leader has heard of its node meanwhile. */
const HELD_FROM_MS = 100;

/**
 * Brings the reports that wait here to whoever leads, of each node one at a time. One that cannot be brought there waits on:
 * its NodeAgent will not repeat it. If this process leads before, it decides them itself.
 */
export class ReportForwarder implements Follower {
  readonly #options: ReportForwarderOptions;
  /** The nodes whose reports are under way. */
  readonly #nodes = new Set<string>();
  readonly counts = countTries();
  #pausedUntil = 0;
  /** Whether it was said that this leader does not let this process in. */
  #saidDenied = false;
  #pauseMs = RETRY_MS.least;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReportForwarderOptions) {
    this.#options = options;
  }

  onLeader(): void {
    this.#saidDenied = false;
    this.#pauseMs = RETRY_MS.least;
    this.#goOn();
  }

  onWaiting(): void {
    const { queue, link } = this.#options;
    if (performance.now() < this.#pausedUntil) return;
    while (link.isThere && this.#nodes.size < CONCURRENCY) {
      const entry = queue.takeReport((node) => !this.#nodes.has(node));
      if (entry === undefined) return;
      void this.#bring(entry as Entry<Outcome> & { readonly input: Report });
    }
  }

  async #bring(entry: Entry<Outcome> & { readonly input: Report }): Promise<void> {
    const { queue } = this.#options;
    const { input } = entry;
    const abandoned = new AbortController();
    entry.abandoned = () => abandoned.abort(new EngineError('cancelled', 'the caller gave up'));
    this.#nodes.add(input.node);
    try {
      const message = await this.#tell(entry, abandoned.signal);
      this.counts.answered += 1;
      this.#pauseMs = RETRY_MS.least;
      const outcome: Outcome = { accepted: true, changes: undefined, transitions: [], message };
      for (const ticket of [...entry.tickets]) ticket.resolve(outcome);
    } catch (error) {
      if (abandoned.signal.aborted) {
        this.counts.cancelled += 1;
        return;
      }
      // A policy can be put right, and what a node said is not given up for it.
      if (isDenied(error)) this.#sayDenied(error);
      else if (!wasNotTaken(error) && !mayPass(error)) return this.#refuse(entry, error);
      this.counts.again += 1;
      queue.putBack([entry]);
      this.#pause();
    } finally {
      entry.abandoned = undefined;
      this.#nodes.delete(input.node);
      this.onWaiting();
    }
  }

  /** Resolves with what the leader answers, or what it would. */
  async #tell(entry: Entry<Outcome> & { readonly input: Report }, signal: AbortSignal): Promise<string> {
    const { input } = entry;
    const { link, tracing } = this.#options;
    const headers: Record<string, string> = { ...tracing?.headersOf(entry.cause) };
    for (;;) {
      const heldMs = Date.now() - input.at;
      if (heldMs >= HELD_FROM_MS) headers[HELD_MS] = String(heldMs);
      const sentAt = performance.now();
      try {
        return (await link.call(METHOD, reportMessage(input), { signal, headers })).resp;
      } catch (error) {
        const last = readLastWord(error);
        if (last === undefined) throw error;
        if (!isNewer(entry, last, performance.now() - sentAt)) return `node ${input.node}: a newer report is known`;
        headers[NEWER_THAN] = String(last.number);
      }
    }
  }

  #sayDenied(error: unknown): void {
    if (this.#saidDenied) return;
    this.#saidDenied = true;
    this.#options.log.error({ err: error }, 'the leader does not let this StateManager in; reports wait');
  }

  /** What the leader refuses it would refuse again. */
  #refuse(entry: Entry<Outcome>, error: unknown): void {
    this.counts.failed += 1;
    const message = error instanceof ConnectError ? error.rawMessage : 'the leader could not be asked';
    this.#options.log.error({ err: error, input: entry.input.type }, 'the leader refuses a report');
    fail(entry, new EngineError('too_large', `the leader refuses it: ${message}`, { cause: error }));
  }

  #pause(): void {
    // Those that were under way together fail together.
    if (performance.now() < this.#pausedUntil) return;
    clearTimeout(this.#timer);
    this.#pausedUntil = performance.now() + this.#pauseMs;
    this.#timer = setTimeout(() => this.#goOn(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, RETRY_MS.most);
  }

  #goOn(): void {
    this.#pausedUntil = 0;
    this.onWaiting();
  }
}

/**
 * Whether a report came here after another word of its node had come to the leader, which has just said how long ago that
 * was: no two clocks are compared. If both came within the time that the call took, a caller who still waits decides it,
 * because a node that says something else has given up on what it said before.
 */
function isNewer({ input, tickets }: Entry<Outcome>, { agoMs }: LastWord, callMs: number): boolean {
  const ageMs = Date.now() - input.at;
  return ageMs <= agoMs || (ageMs <= agoMs + callMs + CLOCK_MS && tickets.size > 0);
}
