import { create } from '@bufbuild/protobuf';
import { timestampDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { setTimeout as sleep } from 'node:timers/promises';
import { v1 } from '@statemanager/proto';
import type { Candidate } from '@statemanager/state-store';
import type { Follower } from '../engine/follower.ts';
import type { Logger } from '../log.ts';
import type { Manager } from '../manager.ts';
import type { ReadModel } from '../read/read-model.ts';
import { nobodyLeads, type LeaderLink } from './leader-link.ts';

/** How many nodes one message names. */
const CHUNK_COUNT = 1000;

/** So many messages wait for a follower that does not read; then it has to ask again, and is told what is so by then. */
const MAX_WAITING_COUNT = 10_000;

const RETRY_MS = 500;

/** Tells other StateManagers which nodes the leader has heard. `draining` ends it. */
export function replicaService(
  manager: Pick<Manager, 'leads'>,
  model: ReadModel,
  draining: AbortSignal,
): ServiceImpl<typeof v1.ReplicaService> {
  return {
    watchHeard: (_, context) => watchHeard(manager, model, AbortSignal.any([context.signal, draining])),
  };
}

async function* watchHeard(
  manager: Pick<Manager, 'leads'>,
  model: ReadModel,
  signal: HandlerContext['signal'],
): AsyncGenerator<v1.WatchHeardResponse> {
  if (!manager.leads) throw nobodyLeads('this StateManager does not lead');
  let waiting: v1.WatchHeardResponse[] = [];
  let isOver = false;
  let wake = (): void => undefined;
  const unsubscribe = model.followPresence((change) => {
    if (isOver) return;
    if (change === 'forgotten' || waiting.length >= MAX_WAITING_COUNT) {
      isOver = true;
      waiting = [];
    } else waiting.push(messageOf(change.heard, change.silent));
    wake();
  });
  const stop = (): void => wake();
  signal.addEventListener('abort', stop);
  try {
    const known = [...model.presence.all()].map(([node, at]) => ({ node, at }));
    for (let i = 0; i < known.length; i += CHUNK_COUNT) yield messageOf(known.slice(i, i + CHUNK_COUNT), []);
    while (!signal.aborted && !isOver) {
      const messages = waiting;
      waiting = [];
      yield* messages;
      if (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    unsubscribe();
  }
  throw nobodyLeads('this StateManager does not lead any more, or what it had to tell was too much: ask again');
}

function messageOf(
  heard: readonly { readonly node: string; readonly at: number }[],
  silent: readonly string[],
): v1.WatchHeardResponse {
  return create(v1.WatchHeardResponseSchema, {
    heard: heard.map(({ node, at }) => ({ name: node, at: timestampFromMs(at) })),
    silent: [...silent],
  });
}

/** Knows which nodes the leader has heard, while another process leads: only that one hears nodes that say nothing new. */
export class HeardStream implements Follower {
  readonly #link: LeaderLink;
  readonly #model: ReadModel;
  readonly #log: Logger;
  #leader: Candidate | undefined;
  #over = new AbortController();

  constructor(link: LeaderLink, model: ReadModel, log: Logger) {
    this.#link = link;
    this.#model = model;
    this.#log = log;
  }

  /** With a view that was loaded anew, all that was known of nodes is gone. */
  onView(): void {
    this.onLeader(this.#leader);
  }

  onLeader(leader: Candidate | undefined): void {
    this.close();
    this.#leader = leader;
    this.#over = new AbortController();
    if (leader !== undefined) void this.#follow(this.#over.signal);
  }

  onTerm(): readonly [] {
    this.close();
    this.#leader = undefined;
    return [];
  }

  /** Ends what runs. */
  close(): void {
    this.#over.abort();
  }

  async #follow(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      try {
        for await (const { heard, silent } of this.#link.stream(v1.ReplicaService.method.watchHeard, {}, over)) {
          if (over.aborted) return;
          this.#model.onHeard(heard.map(({ name, at }) => ({ node: name, at: at ? timestampDate(at).getTime() : 0 })));
          this.#model.forgetHeard(silent);
        }
      } catch (error) {
        if (over.aborted) return;
        // A release from before there were replicas leads: what it has heard stays unknown here.
        if (error instanceof ConnectError && error.code === Code.Unimplemented) return;
        this.#log.debug({ err: error }, 'which nodes the leader has heard is not known; asking again');
      }
      await sleep(RETRY_MS, undefined, { signal: over }).catch(() => undefined);
    }
  }
}
