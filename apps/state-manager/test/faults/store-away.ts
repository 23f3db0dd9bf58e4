import { status } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from '@statemanager/state-store/testing';
import { expect } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container, type Peer } from '../kit/peer.ts';
import { packageYaml } from './documents.ts';
import { brokenRules, packageDefinitions } from './naive-rules.ts';
import { startListening, startStand, type Afterwards } from './stand.ts';
import { etcdUnderTest, valueOf, type Contents, type EtcdUnderTest } from './stores.ts';

const NODES = Array.from({ length: 12 }, (_, i) => `n${i}`);
const ANSWER_WITHIN_MS = 500;
/** For a machine that does other things as well. */
const LATE_BY_MS = 2500;
/** The service finds its store again with growing waits, and may have to become the leader again. */
const BACK_WITHIN_MS = 30_000;

/** How a store goes away, and comes back. */
export const OUTAGES = {
  'etcd is killed and started again': {
    begin: ({ etcd }) => etcd.kill(),
    end: ({ etcd }) => etcd.restart(),
  },
  'etcd is stopped in its tracks, connections open': {
    needs: ({ etcd }) => etcd.pause !== undefined,
    begin: ({ etcd }) => etcd.pause?.(),
    end: ({ etcd }) => etcd.resume?.(),
  },
  'connections are refused': {
    begin: (_, proxy) => proxy.refuse(),
    end: (_, proxy) => proxy.accept(),
  },
  'requests are held, and delivered late': {
    begin: (_, proxy) => proxy.holdRequests(),
    end: (_, proxy) => proxy.release(),
  },
  'answers are swallowed': {
    begin: (_, proxy) => proxy.swallowAnswers(),
    end: async (_, proxy) => {
      await proxy.release();
      proxy.cut();
    },
  },
} as const satisfies Record<string, Outage>;

interface Outage {
  readonly needs?: (store: EtcdUnderTest) => boolean;
  readonly begin: (store: EtcdUnderTest, proxy: TcpProxy) => Promise<void> | void;
  readonly end: (store: EtcdUnderTest, proxy: TcpProxy) => Promise<void> | void;
}

interface TestContext {
  readonly onTestFinished: Afterwards;
  readonly skip: (why: string) => never;
}

/**
 * Nodes report while the store is away, each report once. Every caller hears UNAVAILABLE in time, and when the store
 * is back it has every node's last word.
 */
export async function bridgeAStoreOutage(
  { onTestFinished, skip }: TestContext,
  { needs, begin, end }: Outage,
  awayMs: number,
): Promise<void> {
  const store = await etcdUnderTest();
  onTestFinished(() => store.dispose());
  if (needs?.(store) === false) skip('this etcd runs where no signal reaches it');
  const proxy = await startTcpProxy(store.etcd.port);
  onTestFinished(() => proxy.close());
  await store.put('Package/all', packageYaml('all', NODES.map(modelOf)));
  const { peer } = await startStand(onTestFinished, `etcd:${proxy.endpoint}`, {
    'answer-within-ms': String(ANSWER_WITHIN_MS),
    'lease-ttl-seconds': '2',
  });
  for (const node of NODES) await report(peer, node, 0);

  await begin(store, proxy);
  const words = await reportInVain(peer, performance.now() + awayMs);
  await end(store, proxy);

  await eventually(async () => expect(wordsIn(await store.read())).toEqual(words), BACK_WITHIN_MS, 100);
  const contents = await store.read();
  expect(packageDefinitions(contents).size).toBe(1);
  expect(brokenRules(contents)).toEqual([]);
  expect(valueOf(contents, '/package/all/state')).toBe('Error');
  // And it serves as before: a caller hears that its report is durable.
  await eventually(() => report(peer, 'n0', 1000), BACK_WITHIN_MS);
  expect(wordsIn(await store.read())).toEqual({ ...words, n0: 1000 });
}

/** The service is started before its store is. What nodes said to it meanwhile is in the store once it is there. */
export async function startBeforeTheStore({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<void> {
  const store = await etcdUnderTest();
  onTestFinished(() => store.dispose());
  await store.put('Package/all', packageYaml('all', NODES.map(modelOf)));
  await store.etcd.kill();
  const flags = { 'answer-within-ms': String(ANSWER_WITHIN_MS) };
  const { peer } = await startListening(onTestFinished, store.url, flags);
  const words = await reportInVain(peer, performance.now());
  await store.etcd.restart();
  await eventually(async () => expect(wordsIn(await store.read())).toEqual(words), BACK_WITHIN_MS, 100);
  expect(brokenRules(await store.read())).toEqual([]);
}

/** Every node reports again and again, never the same, and the store takes none of it. Returns each one's last word. */
async function reportInVain(peer: Peer, until: number): Promise<Record<string, number>> {
  const words: Record<string, number> = {};
  for (let word = 1; word <= 2 || performance.now() < until; word += 1) {
    const calls = NODES.map(async (node) => {
      const sentAt = performance.now();
      words[node] = word;
      await expect(report(peer, node, word)).rejects.toMatchObject({ code: status.UNAVAILABLE });
      expect(performance.now() - sentAt, `node ${node} was answered in time`).toBeLessThan(
        ANSWER_WITHIN_MS + LATE_BY_MS,
      );
    });
    await Promise.all(calls);
    await sleep(50);
  }
  return words;
}

/** All models run, crash with the first word of the outage, and stay down; the name of the container tells which word it is. */
async function report(peer: Peer, node: string, word: number): Promise<void> {
  const model = modelOf(node);
  await peer.report(node, [container(model, `${model}-${word}`, word === 0 ? 'running' : 'exited', { exitCode: 1 })]);
}

function modelOf(node: string): string {
  return `model-of-${node}`;
}

function wordsIn(contents: Contents): Record<string, number> {
  const words = NODES.map((node): [string, number] => {
    const stored = valueOf(contents, `/statemanager/node/${node}`) ?? '{}';
    const { models = {} } = JSON.parse(stored) as { models?: Record<string, readonly (readonly [string])[]> };
    const name = models[modelOf(node)]?.[0]?.[0] ?? '';
    return [node, Number(name.slice(name.lastIndexOf('-') + 1))];
  });
  return Object.fromEntries(words);
}
