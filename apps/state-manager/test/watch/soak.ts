import { expect } from 'vitest';
import { chanceOf, SEED, type Chance } from '../faults/seed.ts';
import { connectApi } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type WireContainer } from '../kit/peer.ts';
import { startStateManager } from '../kit/state-manager.ts';
import { FollowingWatcher, summarize } from './follower.ts';
import { connectWatcher, type Filter } from './watch-client.ts';

export interface SoakSize {
  readonly watchersCount: number;
  /** Transitions that are made at the least. */
  readonly changesCount: number;
  readonly nodesCount: number;
}

const MODELS_PER_NODE = 20;
const MODELS_PER_PACKAGE = 4;
const WAYS = [
  ['running', 0],
  ['running', 0],
  ['exited', 137],
  ['exited', 0],
  ['paused', 0],
] as const;

/** Watchers with all kinds of filters, which lose their connections and resume, while everything changes. */
export async function soak({ watchersCount, changesCount, nodesCount }: SoakSize): Promise<void> {
  console.log(`watch soak: STATEMANAGER_SEED=${SEED}, ${watchersCount} watchers, ${changesCount} changes`);
  const chance = chanceOf('watch soak');
  const server = await startStateManager(['--store', 'memory:', '--watch-bookmark-ms', '300']);
  const api = connectApi(server.address);
  const peer = connectPeer(server.address);
  const watchPeers = Array.from({ length: 8 }, () => connectWatcher(server.address));
  try {
    await definePackages(api, nodesCount);
    const watchers = Array.from({ length: watchersCount }, (_, i) => {
      const watchPeer = watchPeers[i % watchPeers.length] as (typeof watchPeers)[number];
      return new FollowingWatcher(watchPeer, filterOf(i, nodesCount, chance), chanceOf(`watcher ${i}`));
    });
    for (const watcher of watchers) watcher.start();
    const began = performance.now();
    const reportsCount = await changeEverything(peer, changesCount, nodesCount, chance);
    const seconds = (performance.now() - began) / 1000;

    const final = Math.max(...(await api.list({ kinds: ['node'] })).map(({ revision }) => Number(revision)));
    await eventually(() => expect(watchers.filter(({ revision }) => revision < final)).toEqual([]), 60_000);
    for (const watcher of watchers) {
      expect(watcher.problems.slice(0, 5), JSON.stringify(watcher.filter)).toEqual([]);
      const there = await (watchPeers[0] as (typeof watchPeers)[number]).list(watcher.filter);
      expect(watcher.summary(), JSON.stringify(watcher.filter)).toEqual(summarize(there));
    }
    const total = (of: (watcher: FollowingWatcher) => number): number => watchers.reduce((sum, w) => sum + of(w), 0);
    console.log(
      `${reportsCount} reports in ${seconds.toFixed(1)} s; the watchers saw ${total((w) => w.changesCount)} changes, ` +
        `resumed ${total((w) => w.resumesCount)} times, ${total((w) => w.resyncsCount)} times with RESYNC`,
    );
    expect(total((w) => w.resumesCount)).toBeGreaterThan(watchersCount / 2);
    expect(total((w) => w.changesCount)).toBeGreaterThan(changesCount / 5);
    for (const watcher of watchers) watcher.stop();
  } finally {
    for (const watchPeer of watchPeers) watchPeer.close();
    api.close();
    peer.close();
    expect(await server.stop()).toBe(0);
  }
}

function filterOf(i: number, nodesCount: number, chance: Chance): Filter {
  const node = chance.between(0, nodesCount - 1);
  const group = chance.between(0, MODELS_PER_NODE / MODELS_PER_PACKAGE - 1);
  switch (i % 5) {
    case 0:
      return { kinds: ['model'], name_prefix: `m-${node}-${chance.between(0, 1) === 0 ? '' : '1'}` };
    case 1:
      return { package: `p-${node}-${group}` };
    case 2:
      return {
        kinds: ['package'],
        states: chance.one([['Error'], ['Running', 'Degraded'], ['Paused']]),
        name_prefix: `p-${node}`,
      };
    case 3:
      return { kinds: ['package', 'model'], package: `p-${node}-${group}`, states: ['Dead', 'Error'] };
    default:
      return { kinds: ['node', 'package'], name_prefix: chance.one([`n-${node}`, `p-${node}`]) };
  }
}

async function definePackages(api: ReturnType<typeof connectApi>, nodesCount: number): Promise<void> {
  const documents: string[] = [];
  for (let node = 0; node < nodesCount; node += 1) {
    for (let first = 0; first < MODELS_PER_NODE; first += MODELS_PER_PACKAGE) {
      const models = Array.from({ length: MODELS_PER_PACKAGE }, (_, i) => ({ name: `m-${node}-${first + i}` }));
      const name = `p-${node}-${first / MODELS_PER_PACKAGE}`;
      documents.push(`${JSON.stringify({ kind: 'Package', metadata: { name }, spec: { models } })}\n`);
    }
  }
  await api.apply(...documents);
}

/** Every node reports again and again, one report at a time each, until enough has changed. */
async function changeEverything(
  peer: ReturnType<typeof connectPeer>,
  changesCount: number,
  nodesCount: number,
  chance: Chance,
): Promise<number> {
  let made = 0;
  let reportsCount = 0;
  const runNode = async (node: number): Promise<void> => {
    let before: readonly number[] = [];
    while (made < changesCount) {
      const ways = Array.from({ length: MODELS_PER_NODE }, () => chance.between(0, WAYS.length - 1));
      const word: WireContainer[] = ways.map((way, i) => {
        const [status, exitCode] = WAYS[way] as (typeof WAYS)[number];
        return container(`m-${node}-${i}`, `c-${i}`, status, { exitCode });
      });
      await peer.report(`n-${node}`, word, 30_000);
      reportsCount += 1;
      made += ways.filter((way, i) => Math.max(way, 1) !== Math.max(before[i] ?? -1, 1)).length;
      before = ways;
    }
  };
  await Promise.all(Array.from({ length: nodesCount }, (_, node) => runNode(node)));
  return reportsCount;
}
