import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { short } from '../kit/figures.ts';
import { startService } from '../kit/service.ts';
import { Replay } from '../load/replay.ts';
import { reportFrame } from '../load/reports.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const PER_SECOND = 5000;
const NODES_COUNT = 1000;
const CONTAINERS_COUNT = 5;
/** One report of so many says something new. */
const CHANGED_ONE_OF = 10;
const WORDINGS_COUNT = 10;
/** Until the store has forgotten something for the first time, and its cache is full: five minutes and one. */
const WARM_UP_MINUTES = 6;
const MEASURED_MINUTES = 15;
const SAMPLE_MS = 1000;
const GOAL = 1.05;

/** Memory over a quarter of an hour of reports, most of which say nothing new. */
export const soak: Measurement = { rows: ['soak'], title: 'soak: 5,000 mixed reports a second', run };

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-soak-'));
  const service = await startService(['--store', `sqlite:${join(dir, 'state.db')}`]);
  try {
    await service.said('leading: view loaded');
    const messages = Array.from({ length: NODES_COUNT * WORDINGS_COUNT }, (_, i) => {
      const [node, round] = [i % NODES_COUNT, Math.floor(i / NODES_COUNT)];
      const changed = node % CHANGED_ONE_OF === 0 && round % 2 === 0;
      return reportFrame(node, CONTAINERS_COUNT, round, (container) => ({
        status: changed && container === 0 ? 'paused' : 'running',
        exitCode: 0,
      }));
    });
    const replay = new Replay({
      port: service.port,
      messages,
      connectionsCount: 8,
      inFlightCount: 100,
      perSecond: PER_SECOND,
    });
    await replay.start();
    const warmUp = quick ? 1 : WARM_UP_MINUTES;
    const minutes = warmUp + (quick ? 2 : MEASURED_MINUTES);
    const means: number[] = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      const samples: number[] = [];
      for (const until = performance.now() + 60_000; performance.now() < until;) {
        await sleep(SAMPLE_MS);
        samples.push(service.memory());
      }
      means.push(samples.reduce((sum, mib) => sum + mib, 0) / samples.length);
      const rate = replay.counts.answered / ((minute + 1) * 60);
      say(`minute ${minute + 1} of ${minutes}: ${short(means.at(-1) ?? 0)} MiB, ${short(rate)} reports a second`);
    }
    const { answered, failed } = replay.counts;
    await replay.drain();
    if (failed > 0) throw new Error(`${failed} reports failed`);
    const [first, last] = [means[warmUp], means.at(-1)] as [number, number];
    return [
      {
        row: 'soak',
        title: `memory after ${minutes - warmUp} minutes`,
        value: last / first,
        unit: '× the first minute’s',
        goal: GOAL,
        better: 'less',
        detail:
          `${short(answered)} reports, one of ${CHANGED_ONE_OF * 2} new; means of a minute in MiB, ${warmUp} of warm-up included: ` +
          means.map((mib) => short(mib)).join(', '),
      },
    ];
  } finally {
    await service.stop();
    rmSync(dir, { recursive: true });
  }
}
