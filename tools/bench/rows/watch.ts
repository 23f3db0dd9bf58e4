import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { v1 } from '@statemanager/proto';
import { FENCE_KEY, type KeyValueStore } from '@statemanager/state-store';
import { quantile, short } from '../kit/figures.ts';
import { startService, startWatchers } from '../kit/service.ts';
import { Replay } from '../load/replay.ts';
import { reportFrame } from '../load/reports.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const WATCHERS_COUNT = 100;
const CHANGES_PER_SECOND = 1000;
const NODES_COUNT = 100;
const MODELS_PER_NODE = 10;
const GOAL_MS = 20;

/** Row 5: from a change to whoever watches, with 100 others that watch as well. */
export const watch: Measurement = { rows: ['5'], title: 'watch: 1,000 changes a second, 101 watchers', run };

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const etcd = await startEtcd({ unsafeNoFsync: false });
  const service = await startService(['--store', `etcd:${etcd.endpoint}`]);
  await service.said('leading: view loaded');
  const watchers = await startWatchers(service.port, WATCHERS_COUNT);
  const end = new AbortController();
  const delays: number[] = [];
  let isCounting = false;
  let seenCount = 0;
  const store = openEtcdStore({ hosts: [etcd.endpoint] });
  const committedAt = new Map<number, number>();
  const seenAt = new Map<number, number>();
  const match = (revision: number): void => {
    const [committed, seen] = [committedAt.get(revision), seenAt.get(revision)];
    if (committed === undefined || seen === undefined) return;
    // Both came from the other end of a socket: either may be read first.
    if (isCounting) delays.push(Math.max(0, seen - committed));
    committedAt.delete(revision);
    seenAt.delete(revision);
  };
  const watchingEtcd = followCommits(store, end.signal, (revision) => {
    committedAt.set(revision, performance.now());
    match(revision);
  });
  const watching = follow(service.port, end.signal, (revision, transitionsCount) => {
    if (isCounting) seenCount += transitionsCount;
    seenAt.set(revision, performance.now());
    match(revision);
  });
  try {
    const messages = ['paused', 'running'].flatMap((status, round) =>
      Array.from({ length: NODES_COUNT }, (_, node) =>
        reportFrame(node, MODELS_PER_NODE, round, () => ({ status, exitCode: 0 })),
      ),
    );
    const replay = new Replay({
      port: service.port,
      messages,
      connectionsCount: 4,
      inFlightCount: 20,
      perSecond: CHANGES_PER_SECOND / MODELS_PER_NODE,
    });
    await replay.start();
    say('warming up');
    await sleep(quick ? 3000 : 10_000);
    say('measuring');
    isCounting = true;
    const [began, cpu] = [performance.now(), service.cpu()];
    await sleep(quick ? 8000 : 60_000);
    const seconds = (performance.now() - began) / 1000;
    isCounting = false;
    const used = (service.cpu() - cpu) / seconds;
    await replay.drain();
    return [
      {
        row: '5',
        title: 'a change, until it is seen: p99',
        value: quantile(delays, 0.99),
        unit: 'ms',
        goal: GOAL_MS,
        better: 'less',
        detail:
          `from when etcd tells its own watchers of the commit to the decoded event: p50 ${short(quantile(delays, 0.5))} ms, ` +
          `largest ${short(quantile(delays, 1))} ms, at ${short(seenCount / seconds)} changes a second; ` +
          `the service used ${short(used)} of a core`,
      },
    ];
  } finally {
    end.abort();
    await Promise.all([watching, watchingEtcd]);
    await store.close();
    await watchers.stop();
    await service.stop();
    await etcd.stop();
  }
}

/** Watches everything, decodes it, and says which revision it was and how many transitions were in it. */
async function follow(
  port: number,
  signal: AbortSignal,
  onChanges: (revision: number, transitionsCount: number) => void,
): Promise<void> {
  const client = createClient(v1.StateService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
  try {
    for await (const { revision, message } of client.watchResources({}, { signal })) {
      if (message.case !== 'changes') continue;
      const transitions = message.value.events.filter(({ transition }) => transition !== undefined);
      if (transitions.length > 0) onChanges(Number(revision), transitions.length);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Hears of every commit from etcd itself. */
async function followCommits(
  store: KeyValueStore,
  signal: AbortSignal,
  onCommit: (revision: number) => void,
): Promise<void> {
  for await (const { revision } of store.watch(FENCE_KEY, { signal })) onCommit(revision);
}
