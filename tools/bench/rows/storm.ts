import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { commitBare, recordCommits, type RecordedCommit } from '../kit/bare-commits.ts';
import { definePackages } from '../kit/definitions.ts';
import { median, short } from '../kit/figures.ts';
import { RawPuts } from '../kit/raw-etcd.ts';
import { startService, type ServerProcess } from '../kit/service.ts';
import { Storm, stormFrames, STORM } from '../kit/storm.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const GOALS = { rawPuts: 2.5, bare: 0.7, sqlite: 2 } as const;

/** Between measurements the disk is left alone: what was written has to be on it before the next begins. */
const REST_MS = 1500;

/** Rows 3 and 8: a storm of reports that change everything, on etcd and on SQLite. */
export const storm: Measurement = {
  rows: ['3', '3-bare', '8'],
  title: 'storm: every report changes every model',
  run,
};

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const definitions = definePackages(STORM.nodesCount, STORM.containersCount);
  const messages = stormFrames();
  const ms = quick ? 1000 : 1500;
  // Each has its own, so that what the baselines write is in nobody's way. Both wait for the disk.
  const [etcd, baseline] = [await startEtcd({ unsafeNoFsync: false }), await startEtcd({ unsafeNoFsync: false })];
  const dir = mkdtempSync(join(tmpdir(), 'bench-storm-'));
  say('starting: 20,000 models in 5,000 packages');
  const onEtcd = await startService(['--store', `etcd:${etcd.endpoint}`, '--definitions', definitions]);
  const onSqlite = await startService(['--store', `sqlite:${join(dir, 'state.db')}`, '--definitions', definitions]);
  const raw = new RawPuts(baseline.endpoint);
  const bareStore = openEtcdStore({ hosts: [baseline.endpoint] });
  const rates = { etcd: [] as number[], sqlite: [] as number[], raw: [] as number[], bare: [] as number[] };
  try {
    await Promise.all([onEtcd, onSqlite].map((service) => service.said('leading: view loaded')));
    const concurrency = await raw.tune(quick ? 500 : 1000);
    const commits = await record(etcd.endpoint, onEtcd, messages);
    await stormRate(onSqlite, messages, ms);
    for (let round = 0; round < (quick ? 3 : 9); round += 1) {
      say(`round ${round + 1}`);
      await sleep(REST_MS);
      rates.raw.push(await raw.rate(ms));
      await sleep(REST_MS);
      rates.bare.push(await commitBare(bareStore, commits, ms));
      await sleep(REST_MS);
      rates.etcd.push(await stormRate(onEtcd, messages, ms));
      await sleep(REST_MS);
      rates.sqlite.push(await stormRate(onSqlite, messages, ms));
    }
    return figures(rates, commits, concurrency);
  } finally {
    await onEtcd.stop();
    await onSqlite.stop();
    raw.close();
    await bareStore.close();
    await Promise.all([etcd.stop(), baseline.stop()]);
    rmSync(dir, { recursive: true });
  }
}

/** Has a storm, and records what the service commits in it. */
async function record(
  endpoint: string,
  service: ServerProcess,
  messages: readonly Buffer[],
): Promise<readonly RecordedCommit[]> {
  const store = openEtcdStore({ hosts: [endpoint] });
  const stop = new AbortController();
  const recording = recordCommits(store, stop.signal);
  await stormRate(service, messages, 3000);
  stop.abort();
  const commits = await recording;
  await store.close();
  return commits;
}

async function stormRate(service: ServerProcess, messages: readonly Buffer[], ms: number): Promise<number> {
  const storming = new Storm(service, messages);
  await storming.start();
  await sleep(ms / 3);
  const rate = await storming.rate(ms);
  await storming.stop();
  return rate;
}

function figures(
  rates: Readonly<Record<'etcd' | 'sqlite' | 'raw' | 'bare', readonly number[]>>,
  commits: readonly RecordedCommit[],
  concurrency: number,
): readonly Figure[] {
  const [etcd, sqlite, raw, bare] = [rates.etcd, rates.sqlite, rates.raw, rates.bare].map(median) as [
    number,
    number,
    number,
    number,
  ];
  const operationsCount = median(commits.map(({ operations }) => operations.length));
  const modelsCount = median(commits.map((commit) => commit.modelsCount));
  const title = 'storm on etcd';
  return [
    {
      row: '3',
      title,
      value: etcd / raw,
      unit: '× raw puts',
      goal: GOALS.rawPuts,
      better: 'more',
      detail: `${short(etcd)} durable model transitions a second; raw puts ${short(raw)} (${concurrency} at once)`,
    },
    {
      row: '3-bare',
      title,
      value: etcd / bare,
      unit: '× the same transactions bare',
      goal: GOALS.bare,
      better: 'more',
      detail:
        `the same transactions without a service: ${short(bare)} model transitions a second ` +
        `(${short(operationsCount)} operations and ${short(modelsCount)} models in each)`,
    },
    {
      row: '8',
      title: 'storm on SQLite',
      value: sqlite / raw,
      unit: '× raw puts of etcd',
      goal: GOALS.sqlite * GOALS.rawPuts,
      better: 'more',
      detail: `${short(sqlite)} durable model transitions a second: ${short(sqlite / etcd)} × those on etcd`,
    },
  ];
}
