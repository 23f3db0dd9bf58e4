import { setTimeout as sleep } from 'node:timers/promises';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { recordCommits } from '../kit/bare-commits.ts';
import { Caller } from '../kit/caller.ts';
import { quantile, short } from '../kit/figures.ts';
import { startService } from '../kit/service.ts';
import { reportFrame } from '../load/reports.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const CONTAINERS_COUNT = 20;
const GOALS = { p50: 1.5, p99: 2 } as const;
const WARM_UP_COUNT = 300;

/** Row 4: how long one changed report takes on an idle system, against one bare transaction of the same size. */
export const latency: Measurement = {
  rows: ['4', '4-p99'],
  title: 'latency: one changed report on an idle system',
  run,
};

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const etcd = await startEtcd({ unsafeNoFsync: false });
  const service = await startService(['--store', `etcd:${etcd.endpoint}`]);
  const store = openEtcdStore({ hosts: [etcd.endpoint] });
  try {
    await service.said('leading: view loaded');
    const caller = await Caller.connect(service.port);
    // One of the node's containers changes, and changes back.
    const words = ['running', 'paused'].map((status) =>
      reportFrame(0, CONTAINERS_COUNT, 0, (i) => ({ status: i === 0 ? status : 'running', exitCode: 0 })),
    ) as [Buffer, Buffer];
    for (let i = 0; i < WARM_UP_COUNT; i += 1) await caller.report(words[i % 2] as Buffer);
    const stop = new AbortController();
    const recording = recordCommits(store, stop.signal);
    await sleep(200);
    await caller.report(words[0]);
    await sleep(200);
    stop.abort();
    const [commit] = await recording;
    if (commit === undefined) throw new Error('the report was not committed');
    // Under other keys, so that nobody watches them and the service's own stay as they are.
    const operations = commit.operations.map((operation) => ({ ...operation, key: `/bare${operation.key}` }));
    const bare = async (): Promise<number> => {
      const began = performance.now();
      await store.commit({ guards: [], operations });
      return performance.now() - began;
    };
    const samples = { report: [] as number[], bare: [] as number[] };
    say('one at a time, in turn');
    for (let i = 1; i <= (quick ? 500 : 3000); i += 1) {
      samples.report.push(await caller.report(words[i % 2] as Buffer));
      samples.bare.push(await bare());
    }
    caller.close();
    return [figure('4', 0.5, samples, operations.length), figure('4-p99', 0.99, samples, operations.length)];
  } finally {
    await service.stop();
    await store.close();
    await etcd.stop();
  }
}

function figure(
  row: '4' | '4-p99',
  share: number,
  samples: { readonly report: readonly number[]; readonly bare: readonly number[] },
  operationsCount: number,
): Figure {
  const name = share === 0.5 ? 'p50' : 'p99';
  const report = quantile(samples.report, share);
  const bare = quantile(samples.bare, share);
  return {
    row,
    title: `one changed report, ${name}`,
    value: report / bare,
    unit: '× one bare transaction',
    goal: GOALS[name],
    better: 'less',
    detail: `${short(report)} ms; the same ${operationsCount} operations bare ${short(bare)} ms`,
  };
}
