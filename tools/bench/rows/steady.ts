import { setTimeout as sleep } from 'node:timers/promises';
import { median, short } from '../kit/figures.ts';
import { startBaseline, startService, type ServerProcess } from '../kit/service.ts';
import { Replay } from '../load/replay.ts';
import { reportFrame } from '../load/reports.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const NODES_COUNT = 1000;
/** Each node says the same so often, in other words: other statistics, process ids and times. */
const WORDINGS_COUNT = 10;
const GOALS = { '1': { containersCount: 20, goal: 2 }, '2': { containersCount: 1, goal: 1 } } as const;

/** Rows 1 and 2: unchanged reports, against a server that decodes them with generated code and answers. */
export const steady: Measurement = {
  rows: ['1', '2'],
  title: 'steady state: reports that say nothing new',
  run: async (options) => [await measure('1', options), await measure('2', options)],
};

async function measure(row: '1' | '2', { quick, say }: RunOptions): Promise<Figure> {
  const { containersCount, goal } = GOALS[row];
  say(`reports of ${containersCount} containers`);
  const messages = Array.from({ length: NODES_COUNT * WORDINGS_COUNT }, (_, i) =>
    reportFrame(i % NODES_COUNT, containersCount, Math.floor(i / NODES_COUNT)),
  );
  const servers = {
    service: await startService(['--store', 'memory:']),
    bare: await startBaseline('bare-http2'),
    'grpc-js': await startBaseline('grpc-js'),
    connect: await startBaseline('connect'),
  };
  const rates: Record<keyof typeof servers, number[]> = { service: [], bare: [], 'grpc-js': [], connect: [] };
  try {
    await servers.service.said('leading: view loaded');
    // Everybody is warm, and the service knows every node, before anything is counted.
    for (const server of Object.values(servers)) await rateOf(server, messages, quick ? 1000 : 3000);
    for (let round = 0; round < (quick ? 3 : 7); round += 1) {
      for (const name of Object.keys(servers) as (keyof typeof servers)[]) {
        rates[name].push(await rateOf(servers[name], messages, quick ? 700 : 1500));
      }
    }
  } finally {
    for (const server of Object.values(servers)) await server.stop();
  }
  const [service, bare, grpcJs, connect] = [rates.service, rates.bare, rates['grpc-js'], rates.connect].map(median) as [
    number,
    number,
    number,
    number,
  ];
  return {
    row,
    title: `unchanged reports of ${containersCount} ${containersCount === 1 ? 'container' : 'containers'}`,
    value: service / bare,
    unit: '× bare http2 with generated decoding',
    goal,
    better: 'more',
    detail:
      `${short(service)} reports a second (${short(messages[0]?.length ?? 0)} bytes each); bare http2 ${short(bare)}, ` +
      `grpc-js ${short(grpcJs)}, Connect ${short(connect)}`,
  };
}

async function rateOf(server: ServerProcess, messages: readonly Buffer[], ms: number): Promise<number> {
  const replay = new Replay({
    port: server.port,
    messages,
    connectionsCount: 4,
    inFlightCount: 32,
  });
  await replay.start();
  await sleep(ms / 4);
  const before = replay.counts.answered;
  const began = performance.now();
  await sleep(ms);
  const rate = (replay.counts.answered - before) / ((performance.now() - began) / 1000);
  await replay.drain();
  if (replay.counts.failed > 0) throw new Error(`${replay.counts.failed} reports failed`);
  return rate;
}
