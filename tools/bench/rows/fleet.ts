import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcd } from '@statemanager/etcd-store/testing';
import { openSqliteStore } from '@statemanager/sqlite-store';
import type { Entry, Operation } from '@statemanager/state-store';
import { Caller } from '../kit/caller.ts';
import { median, short } from '../kit/figures.ts';
import { fleetOf, fleetReport, putDefinitions, tellFleet, type FleetSize } from '../kit/fleet.ts';
import { startService, type ServerProcess } from '../kit/service.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const MILLION = 1_000_000;
const GOALS = { memory: 1024, etcd: 15, sqlite: 8, cost: 1.3 } as const;
const WARM_UP_COUNT = 300;

/** What a fleet of one size costs. */
export interface Growth {
  readonly containersCount: number;
  /** From the start of the process to the loaded view, in seconds, on SQLite. */
  readonly startSeconds: number;
  /** Resident memory after that, in MiB. */
  readonly memoryMib: number;
  /** A report that says nothing new, in ms. */
  readonly reportMs: number;
  /** A report that changes a model, in ms. */
  readonly changeMs: number;
}

/** Rows 6 and 7, and how all of that grows: fleets from a thousand containers to a million. */
export class FleetMeasurement implements Measurement {
  readonly rows = ['6', '6-etcd', '6-sqlite', '7'];
  readonly title = 'fleets of a thousand to a million containers';
  /** Filled by {@link run}. */
  readonly growth: Growth[] = [];

  async run(options: RunOptions): Promise<readonly Figure[]> {
    const largest = options.quick ? MILLION / 10 : MILLION;
    const sizes = [1000, 10_000, 100_000, MILLION].filter((count) => count <= largest).map(fleetOf);
    const dir = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
    const pathOf = ({ containersCount }: FleetSize): string => join(dir, `${containersCount}.db`);
    try {
      let filledMib = 0;
      for (const size of sizes) filledMib = await fill(pathOf(size), size, options.say);
      for (const size of sizes) this.growth.push(await measure(pathOf(size), size, options));
      const [least, most] = [sizes[0], sizes.at(-1)] as [FleetSize, FleetSize];
      const cost = await compareCost(pathOf(least), pathOf(most), options);
      const etcdSeconds = await startOnEtcd(pathOf(most), options);
      return this.#figures(largest, filledMib, etcdSeconds, cost);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  #figures(largest: number, filledMib: number, etcdSeconds: number, cost: Cost): readonly Figure[] {
    const last = this.growth.at(-1) as Growth;
    const title = `${short(largest)} containers`;
    const less = 'less' as const;
    return [
      {
        row: '6',
        title: `${title}: memory`,
        value: Math.max(last.memoryMib, filledMib),
        unit: 'MiB resident',
        goal: GOALS.memory,
        better: less,
        detail: `${short(filledMib)} MiB after all nodes had reported, ${short(last.memoryMib)} MiB after a restart`,
      },
      {
        row: '6-etcd',
        title: `${title}: start on etcd`,
        value: etcdSeconds,
        unit: 's',
        goal: GOALS.etcd,
        better: less,
        detail: 'from the start of the process until it decides; definitions unchanged',
      },
      {
        row: '6-sqlite',
        title: `${title}: start on SQLite`,
        value: last.startSeconds,
        unit: 's',
        goal: GOALS.sqlite,
        better: less,
        detail: 'the same',
      },
      {
        row: '7',
        title: `one changed report at ${short(largest)} containers`,
        value: cost.large / cost.small,
        unit: '× at 1,000 containers',
        goal: GOALS.cost,
        better: less,
        detail: `on SQLite, in turn: ${short(cost.large)} ms and ${short(cost.small)} ms (medians)`,
      },
    ];
  }
}

/** Has all nodes of a fleet report to a service on a new database. Returns its memory afterwards, in MiB. */
async function fill(path: string, size: FleetSize, say: (what: string) => void): Promise<number> {
  say(`filling: ${short(size.containersCount)} containers`);
  const store = await openSqliteStore(path);
  await putDefinitions(store, size);
  await store.close();
  const service = await startLoaded(path);
  await tellFleet(service, size, say);
  await sleep(1000);
  const mib = service.memory();
  await service.stop();
  return mib;
}

async function startLoaded(path: string): Promise<ServerProcess> {
  const service = await startService(['--store', `sqlite:${path}`]);
  await service.said('leading: view loaded');
  return service;
}

async function measure(path: string, size: FleetSize, { quick, say }: RunOptions): Promise<Growth> {
  say(`${short(size.containersCount)} containers: start, memory, cost`);
  const starts: number[] = [];
  for (let i = 0; i < (quick ? 1 : 3); i += 1) {
    const began = performance.now();
    const service = await startLoaded(path);
    starts.push((performance.now() - began) / 1000);
    await service.stop();
  }
  const service = await startLoaded(path);
  const memoryMib = service.memory();
  const caller = await Caller.connect(service.port);
  const changing = new Alternating(caller, size);
  for (let i = 0; i < WARM_UP_COUNT; i += 1) await changing.next();
  const reports: number[] = [];
  const changes: number[] = [];
  for (let i = 0; i < (quick ? 300 : 1000); i += 1) {
    changes.push(await changing.next());
    reports.push(await changing.again());
  }
  caller.close();
  await service.stop();
  const { containersCount } = size;
  return {
    containersCount,
    startSeconds: median(starts),
    memoryMib,
    reportMs: median(reports),
    changeMs: median(changes),
  };
}

/** A node of which one model changes with every report, and back. */
class Alternating {
  readonly #caller: Caller;
  readonly #words: readonly [Buffer, Buffer];
  #count = 0;

  constructor(caller: Caller, { nodesCount }: FleetSize) {
    const node = Math.floor(nodesCount / 2);
    this.#caller = caller;
    this.#words = [fleetReport(node, (model) => (model === 0 ? 'paused' : 'running')), fleetReport(node)];
  }

  next(): Promise<number> {
    this.#count += 1;
    return this.again();
  }

  /** Says once more what was said last. */
  again(): Promise<number> {
    return this.#caller.report(this.#words[this.#count % 2] as Buffer);
  }
}

interface Cost {
  readonly small: number;
  readonly large: number;
}

/** Both services run at once, and their reports take turns. */
async function compareCost(smallPath: string, largePath: string, { quick, say }: RunOptions): Promise<Cost> {
  say('one changed report in the smallest and the largest fleet, in turn');
  const [small, large] = [await startLoaded(smallPath), await startLoaded(largePath)];
  const callers = [await Caller.connect(small.port), await Caller.connect(large.port)] as const;
  const nodesCounts = [smallPath, largePath].map((path) => fleetOf(Number(/(\d+)\.db$/.exec(path)?.[1])));
  const changing = callers.map((caller, i) => new Alternating(caller, nodesCounts[i] as FleetSize));
  const samples: [number[], number[]] = [[], []];
  for (let i = 0; i < WARM_UP_COUNT + (quick ? 500 : 3000); i += 1) {
    for (const side of [0, 1] as const) {
      const ms = await (changing[side] as Alternating).next();
      if (i >= WARM_UP_COUNT) samples[side].push(ms);
    }
  }
  for (const caller of callers) caller.close();
  await small.stop();
  await large.stop();
  return { small: median(samples[0]), large: median(samples[1]) };
}

/** A report waits behind what was said before it: 50,000 definitions take longer than its caller waits. */
async function untilAnswered(caller: Caller, message: Buffer): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await caller.report(message);
      return;
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
    }
  }
}

/** Each takes ten seconds. */
const MAX_TRIES = 30;

/** etcd takes 1.5 MiB in one request. */
const COPIED_AT_ONCE = { count: 2000, characters: 500_000 } as const;

function* inParts(entries: readonly Entry[]): Generator<readonly Operation[]> {
  let part: Operation[] = [];
  let characters = 0;
  for (const { key, value } of entries) {
    if (part.length >= COPIED_AT_ONCE.count || characters >= COPIED_AT_ONCE.characters) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push({ type: 'put', key, value });
    characters += key.length + value.length;
  }
  if (part.length > 0) yield part;
}

/** Copies a database into etcd and starts a service there, twice: the first takes note of the definitions' revisions. */
async function startOnEtcd(path: string, { say }: RunOptions): Promise<number> {
  say('copying to etcd');
  const etcd = await startEtcd({ unsafeNoFsync: false });
  const [from, to] = [await openSqliteStore(path), openEtcdStore({ hosts: [etcd.endpoint], callTimeoutMs: 60_000 })];
  try {
    for (const prefix of ['/', 'Package/']) {
      const { entries } = await from.getAllWithPrefix(prefix);
      for (const part of inParts(entries)) await to.commit({ guards: [], operations: part });
    }
    await from.close();
    const flags = ['--store', `etcd:${etcd.endpoint}`];
    say('starting on etcd');
    const first = await startService(flags);
    await first.said('leading: view loaded');
    const caller = await Caller.connect(first.port);
    await untilAnswered(caller, fleetReport(0));
    caller.close();
    await first.stop();
    const began = performance.now();
    const service = await startService(flags);
    await service.said('leading: view loaded');
    const seconds = (performance.now() - began) / 1000;
    await service.stop();
    return seconds;
  } finally {
    await to.close();
    await etcd.stop();
  }
}
