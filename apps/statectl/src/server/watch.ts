import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import type { v1 } from '@statemanager/proto';
import type { Filter } from './lists.ts';
import { isPassing, type Servers } from './servers.ts';
import { reasonOf, unreachable, type Attempt } from './unreachable.ts';
import { WatchConnection } from './watch-connection.ts';

/** What a watch says. */
export type Watched =
  /** Everything that fits, at one revision: what was known before is void. */
  | { readonly type: 'snapshot'; readonly resources: readonly v1.Resource[]; readonly revision: bigint }
  /** All changes of one commit. */
  | { readonly type: 'changes'; readonly events: readonly v1.Event[]; readonly revision: bigint }
  /** Changes were missed; a snapshot follows. */
  | { readonly type: 'resync'; readonly reason: string; readonly message: v1.WatchResourcesResponse }
  /** The connection broke, and is resumed after the last revision as soon as a server answers. */
  | { readonly type: 'lost'; readonly reason: string };

export interface WatchSettings {
  /** Only what came after it, without a snapshot; 0 begins with one. */
  readonly afterRevision?: bigint;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** A connection that says nothing for so long is given up: a living one has bookmarks. */
const SILENCE_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

/**
 * A snapshot, then every change, over as many connections as it takes: a broken one is resumed after the last revision,
 * at the next server. Throws StatectlError if no server answers at the beginning, and a refusal as ConnectError. Ends
 * when the signal says so.
 */
export async function* watchResources(
  servers: Servers,
  filter: Filter,
  settings: WatchSettings,
): AsyncGenerator<Watched> {
  const { signal } = settings;
  let revision = settings.afterRevision ?? 0n;
  let wasUp = false;
  let failures: Attempt[] = [];
  while (!signal.aborted) {
    const connection = new WatchConnection(servers, filter, { revision, signal, silenceMs: SILENCE_MS });
    let error = new ConnectError('the server ended the watch', Code.Unavailable);
    try {
      for await (const watched of connection.messages()) {
        wasUp = true;
        failures = [];
        if (watched !== undefined) yield watched;
      }
    } catch (thrown) {
      error = ConnectError.from(thrown);
    } finally {
      connection.close();
    }
    if (signal.aborted) return;
    if (!canResume(error)) throw error;
    revision = connection.revision;
    failures.push({ address: servers.address, error });
    if (!wasUp && failures.length >= servers.addresses.length) throw unreachable(failures, servers.timeoutMs);
    if (wasUp && failures.length === 1)
      yield { type: 'lost', reason: `${servers.address}: ${reasonOf(error, SILENCE_MS)}` };
    servers.next();
    if (wasUp) await pause(failures.length, signal);
  }
}

/** What ends a connection and not the watch: a server that stops, drops a slow reader, or is cut off in mid-stream. */
function canResume(error: ConnectError): boolean {
  return isPassing(error) || RESUMABLE.has(error.code) || error.rawMessage.startsWith(CUT_OFF);
}

const RESUMABLE: ReadonlySet<Code> = new Set([Code.Aborted, Code.ResourceExhausted, Code.Canceled, Code.DataLoss]);

/** So Connect begins to complain of a stream that ends without its end. */
const CUT_OFF = 'protocol error:';

async function pause(failureCount: number, signal: AbortSignal): Promise<void> {
  const longestMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failureCount - 1, 10));
  const ms = longestMs / 2 + Math.random() * (longestMs / 2);
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
