import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { connectPeer, container } from '../test/kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../test/kit/state-manager.ts';

/*
 * What a read costs in a small fleet and in one that is a thousand times as large: both services run at once, their calls
 * alternate, and what counts is the ratio.
 */

const SMALL_COUNT = 200;
const LARGE_COUNT = 200_000;
const MODELS_PER_NODE = 200;
const WARM_UP_COUNT = 500;
const CALLS_COUNT = 3000;
const LISTINGS_COUNT = 100;

interface Fleet {
  readonly process: StateManagerProcess;
  readonly modelsCount: number;
  get(name: string): Promise<unknown>;
  list(pageSize: number): Promise<{ resources: readonly unknown[]; next_page_token: string }>;
  /** Has a container of the first node change, so that nothing that was copied is shared for free. */
  change(): Promise<void>;
  close(): Promise<void>;
}

const PROTO_DIR = fileURLToPath(new URL('../../../proto', import.meta.url));
const { statemanager } = grpc.loadPackageDefinition(
  loadSync('statemanager/v1/state_service.proto', { includeDirs: [PROTO_DIR], keepCase: true, longs: String }),
) as unknown as { statemanager: { v1: { StateService: grpc.ServiceClientConstructor } } };

await main();

async function main(): Promise<void> {
  const small = await startFleet(SMALL_COUNT);
  const large = await startFleet(LARGE_COUNT);
  try {
    const get = (fleet: Fleet) => (i: number) => fleet.get(modelName((i * 7919) % fleet.modelsCount));
    await compare('GetResource', get(small), get(large));
    await compare(
      'ListResources, a page of 100',
      () => small.list(100),
      () => large.list(100),
    );
    await compare(
      'a change of one container',
      () => small.change(),
      () => large.change(),
    );
    await openListings(large);
  } finally {
    await small.close();
    await large.close();
  }
}

async function startFleet(modelsCount: number): Promise<Fleet> {
  const process = await startStateManager(['--store', 'memory:', '--log-level', 'info', '--compact-keep-ms', '0']);
  const peer = connectPeer(process.address);
  const client = new statemanager.v1.StateService(process.address, grpc.credentials.createInsecure());
  const call = <T>(method: string, request: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      const unary = client[method] as (request: unknown, done: (error: Error | null, answer: T) => void) => void;
      unary.call(client, request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
  const perNode = Math.min(MODELS_PER_NODE, modelsCount);
  const word = (node: number, odd: boolean): ReturnType<typeof container>[] =>
    Array.from({ length: perNode }, (_, i) =>
      container(modelName(node * perNode + i), `c${i}`, i === 0 && odd ? 'paused' : 'running'),
    );
  for (let node = 0; node < modelsCount / perNode; node += 1) await peer.report(`n${node}`, word(node, false));
  let odd = false;
  return {
    process,
    modelsCount,
    get: (name) => call('GetResource', { kind: 'model', name }),
    list: (page_size) => call('ListResources', { page_size, filter: { kinds: ['model'] } }),
    change: async () => {
      odd = !odd;
      await peer.report('n0', word(0, odd));
    },
    close: async () => {
      client.close();
      peer.close();
      await process.stop();
    },
  };
}

function modelName(i: number): string {
  return `model-${String(i).padStart(6, '0')}`;
}

type Call = (i: number) => Promise<unknown>;

async function compare(what: string, small: Call, large: Call): Promise<void> {
  const times = { small: [] as number[], large: [] as number[] };
  const count = what.startsWith('Get') ? CALLS_COUNT : CALLS_COUNT / 10;
  for (let i = 0; i < Math.min(WARM_UP_COUNT, count); i += 1) await Promise.all([small(i), large(i)]);
  for (let i = 0; i < count; i += 1) {
    times.small.push(await timed(() => small(i)));
    times.large.push(await timed(() => large(i)));
  }
  const [a, b] = [median(times.small), median(times.large)];
  console.log(
    `${what}: ${a.toFixed(3)} ms at ${SMALL_COUNT} models, ${b.toFixed(3)} ms at ${LARGE_COUNT}: ratio ${(b / a).toFixed(2)}`,
  );
}

/** Many listings at once, each of another revision: every one keeps its picture of the whole fleet. */
async function openListings(fleet: Fleet): Promise<void> {
  await fleet.list(500);
  const before = residentMiB(fleet.process.pid);
  const times: number[] = [];
  for (let i = 0; i < LISTINGS_COUNT; i += 1) {
    times.push(
      await timed(async () => {
        const { resources, next_page_token } = await fleet.list(500);
        if (resources.length !== 500 || next_page_token === '') throw new Error('that was no page of 500');
      }),
    );
    await fleet.change();
  }
  const grownMiB = residentMiB(fleet.process.pid) - before;
  console.log(
    `ListResources, a page of 500 of ${LARGE_COUNT}: ${median(times).toFixed(3)} ms; ${LISTINGS_COUNT} such listings, ` +
      `kept at ${LISTINGS_COUNT} revisions, took ${grownMiB.toFixed(0)} MiB more than the ${before.toFixed(0)} MiB before`,
  );
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

function residentMiB(pid: number): number {
  const [, kib = ''] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
