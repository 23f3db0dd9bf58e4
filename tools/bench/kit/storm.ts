import { setTimeout as sleep } from 'node:timers/promises';
import { Replay } from '../load/replay.ts';
import { reportFrame } from '../load/reports.ts';
import type { ServerProcess } from './service.ts';

/** The storm of DESIGN: every report changes every model of its node. */
export const STORM = { nodesCount: 1000, containersCount: 20 } as const;

const ROUNDS = [{ status: 'paused' }, { status: 'running' }] as const;

/** Reports of every node, twice: in the second all containers are in another state than in the first. */
export function stormFrames(): readonly Buffer[] {
  const { nodesCount, containersCount } = STORM;
  return ROUNDS.flatMap(({ status }, round) =>
    Array.from({ length: nodesCount }, (_, node) =>
      reportFrame(node, containersCount, round, () => ({ status, exitCode: 0 })),
    ),
  );
}

/** A storm that a service is in until it is stopped. */
export class Storm {
  readonly #replay: Replay;

  constructor(service: ServerProcess, messages: readonly Buffer[]) {
    this.#replay = new Replay({
      port: service.port,
      messages,
      // Fewer than there are nodes, so that a node's reports come one after the other.
      connectionsCount: 4,
      inFlightCount: 100,
    });
  }

  async start(): Promise<void> {
    await this.#replay.start();
  }

  /** How many models a second changed durably, over so long. */
  async rate(ms: number): Promise<number> {
    const before = this.#replay.counts.answered;
    const began = performance.now();
    await sleep(ms);
    const answered = this.#replay.counts.answered - before;
    if (this.#replay.counts.failed > 0) throw new Error(`${this.#replay.counts.failed} reports failed`);
    return (answered * STORM.containersCount) / ((performance.now() - began) / 1000);
  }

  /** Sends nothing new, and resolves when everything is answered. */
  async stop(): Promise<void> {
    await this.#replay.drain();
  }
}
