import type { MessageInitShape } from '@bufbuild/protobuf';
import { statemanager } from '@statemanager/proto';
import type { monitoringserver } from '@statemanager/proto';
import { StateManagerClientError } from './error.ts';
import type { Failover } from './failover.ts';
import type { Report, ReportedContainer } from './state-manager-client.ts';

const METHOD = statemanager.StateManagerConnection.method.sendChangedContainerList;

/** Who waits for a report's answer. */
interface Caller {
  readonly untilMs: number;
  resolve(answer: { message: string }): void;
  reject(reason: Error): void;
}

/** The reports of one node. */
class Lane {
  /** The newest, until it is sent. */
  waiting: Report | undefined;
  /** The callers of what waits. */
  readonly callers = new Set<Caller>();
  /** The callers of what is under way, and of what that has replaced. */
  readonly sent = new Set<Caller>();
  abandoned = new AbortController();
}

/** Brings reports to whoever answers: of each node one at a time, and of those that wait the newest. */
export class Reports {
  readonly #failover: Failover;
  readonly #lanes = new Map<string, Lane>();

  constructor(failover: Failover) {
    this.#failover = failover;
  }

  /** Resolves with the answer to this report, or to a newer one of the same node that took its place. */
  send(report: Report, signal: AbortSignal, deadlineMs: number): Promise<{ message: string }> {
    const lane = this.#lanes.get(report.node) ?? new Lane();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        lane.callers.delete(caller);
        lane.sent.delete(caller);
      };
      const end = (reason: Error): void => {
        leave();
        reject(reason);
        // What nobody waits for any more is not sent any more.
        if (lane.callers.size + lane.sent.size === 0) lane.abandoned.abort(reason);
      };
      const giveUp = (): void => end(signal.reason as Error);
      const timer = setTimeout(() => end(late(report.node, deadlineMs)), deadlineMs);
      const caller: Caller = {
        untilMs: performance.now() + deadlineMs,
        resolve: (answer) => {
          leave();
          resolve(answer);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      lane.waiting = report;
      lane.callers.add(caller);
      if (this.#lanes.has(report.node)) return;
      this.#lanes.set(report.node, lane);
      void this.#run(report.node, lane);
    });
  }

  async #run(node: string, lane: Lane): Promise<void> {
    while (lane.callers.size > 0) {
      lane.abandoned = new AbortController();
      let newest: Report | undefined;
      try {
        const { resp } = await this.#failover.call({
          method: METHOD,
          kind: 'repeatable',
          signal: lane.abandoned.signal,
          // A newer report takes the place of the one that could not be brought yet.
          request: () => {
            newest = lane.waiting ?? newest;
            lane.waiting = undefined;
            for (const caller of lane.callers) lane.sent.add(caller);
            lane.callers.clear();
            return { nodeName: node, containers: (newest?.containers ?? []).map(wireContainer) };
          },
          untilMs: () => Math.max(...[...lane.callers, ...lane.sent].map(({ untilMs }) => untilMs)),
        });
        for (const caller of [...lane.sent]) caller.resolve({ message: resp });
      } catch (error) {
        for (const caller of [...lane.sent]) caller.reject(error as Error);
      }
    }
    this.#lanes.delete(node);
  }
}

function wireContainer(container: ReportedContainer): MessageInitShape<typeof monitoringserver.ContainerInfoSchema> {
  return { ...container, names: [...(container.names ?? [])] };
}

function late(node: string, deadlineMs: number): StateManagerClientError {
  const message = `the report of ${node} was not answered within ${deadlineMs} ms; it may have been taken`;
  return new StateManagerClientError('deadline_exceeded', message, { mayHaveBeenDone: true });
}
