import { setTimeout as sleep } from 'node:timers/promises';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { definePackages } from '../kit/definitions.ts';
import { short } from '../kit/figures.ts';
import { startService } from '../kit/service.ts';
import { Storm, stormFrames, STORM } from '../kit/storm.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const MINUTES = 15;
const SAMPLE_MS = 5000;
/** What etcd has if nobody says otherwise. */
const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3;
const GOAL = 0.5;
const MIB = 1024 ** 2;

/** How full etcd is after a quarter of an hour of storm, with its defaults and ours. */
export const quota: Measurement = { rows: ['quota'], title: 'a storm of 15 minutes on a default etcd', run };

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const definitions = definePackages(STORM.nodesCount, STORM.containersCount);
  const messages = stormFrames();
  const etcd = await startEtcd({ unsafeNoFsync: false });
  const service = await startService(['--store', `etcd:${etcd.endpoint}`, '--definitions', definitions]);
  const store = openEtcdStore({ hosts: [etcd.endpoint] });
  try {
    await service.said('leading: view loaded');
    const storming = new Storm(service, messages);
    await storming.start();
    const minutes = quick ? 1 : MINUTES;
    const largest: number[] = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      let most = 0;
      for (const until = performance.now() + 60_000; performance.now() < until;) {
        await sleep(SAMPLE_MS);
        const { sizeBytes = 0, state } = await store.status();
        if (state === 'no_space') throw new Error(`etcd is full after ${minute + 1} minutes`);
        most = Math.max(most, sizeBytes);
      }
      largest.push(most);
      say(`minute ${minute + 1} of ${minutes}: ${short(most / MIB)} MiB`);
    }
    await storming.stop();
    return [
      {
        row: 'quota',
        title: `a storm of ${minutes} minutes on a default etcd: its file`,
        value: Math.max(...largest) / DEFAULT_QUOTA_BYTES,
        unit: '× its default quota of 2 GiB',
        goal: GOAL,
        better: 'less',
        detail: `the largest of each minute, in MiB: ${largest.map((bytes) => short(bytes / MIB)).join(', ')}`,
      },
    ];
  } finally {
    await service.stop();
    await store.close();
    await etcd.stop();
  }
}
