import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { packageYaml } from '../faults/documents.ts';
import { putEtcd, readEtcd } from '../faults/etcd-gateway.ts';
import { chanceOf, SEED } from '../faults/seed.ts';
import { under, valueOf, type Contents } from '../faults/stores.ts';
import { connectApi } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer } from '../kit/peer.ts';
import { startChaosCluster, type ChaosCluster } from './cluster.ts';
import { Faults } from './faults.ts';
import { askedReconciles, brokenChanges, brokenEnd, brokenPast, brokenReconciles } from './oracle.ts';
import { readPast } from './past.ts';
import { describeSchedule, makeSchedule } from './schedule.ts';
import { ChangeWriter, NODES, NodeWriter, PACKAGES, SCENARIOS, type Writer } from './writers.ts';

export interface ChaosSize {
  readonly durationMs: number;
  readonly faultEveryMs: number;
  readonly leaseTtlSeconds: number;
}

/** So long after everything is mended every client must have its answer, and everything must be as it should. */
const SETTLED_WITHIN_MS = 30_000;

/** A package that is dead for longer was asked for, whatever happened meanwhile: faults overlap for up to this long. */
const RECONCILED_WITHIN_MS = 20_000;

/**
 * Three replicas, three etcd members and twenty clients, and something happens all the time. Afterwards everything that
 * was acknowledged must be there, once, and everything as the rules say, as etcd has it and as every replica shows it.
 */
export async function chaos({ durationMs, faultEveryMs, leaseTtlSeconds }: ChaosSize): Promise<void> {
  const schedule = makeSchedule(chanceOf('chaos schedule'), durationMs, faultEveryMs);
  console.log(`chaos: STATEMANAGER_SEED=${SEED}\n${describeSchedule(schedule)}`);
  const cluster = await startChaosCluster(leaseTtlSeconds);
  const over = new AbortController();
  const clients = startClients(cluster, over.signal);
  try {
    const faults = new Faults(cluster);
    await faults.run(schedule);
    await sleep(faultEveryMs);
    over.abort();
    await eventually(() => expect(clients.busy(), 'clients without an answer').toEqual([]), SETTLED_WITHIN_MS);
    console.log(`chaos: ${clients.describe()}; ${JSON.stringify(faults.counts)}`);
    await expectAllKept(cluster, clients.nodes, clients.changers);
    expect(clients.all.flatMap(({ faults: heard }) => heard)).toEqual([]);
  } catch (error) {
    keepLogs(cluster);
    throw error;
  } finally {
    over.abort();
    clients.close();
    await cluster.stop();
  }
}

/** Writes what the replicas have logged where whoever looks for a failure finds it. */
function keepLogs(cluster: ChaosCluster): void {
  const folder = mkdtempSync(join(tmpdir(), 'state-manager-chaos-'));
  for (const place of cluster.places) writeFileSync(join(folder, `${place.id}.log`), cluster.logOf(place));
  console.log(`chaos: the replicas’ logs are in ${folder}`);
}

interface Clients {
  readonly all: readonly Writer[];
  readonly nodes: readonly NodeWriter[];
  readonly changers: readonly ChangeWriter[];
  /** Those that have not come to their end. */
  busy(): readonly string[];
  describe(): string;
  close(): void;
}

/** Starts the clients, after the definitions that they are about. */
function startClients(cluster: ChaosCluster, over: AbortSignal): Clients {
  const connections = [...NODES, ...SCENARIOS].map(() =>
    cluster.places.map(({ way }) => connectPeer(way.endpoint, undefined, { 'grpc.use_local_subchannel_pool': 1 })),
  );
  const peersOf = (i: number): NonNullable<(typeof connections)[number]> => connections[i] as (typeof connections)[0];
  const nodes = NODES.map((name, i) => new NodeWriter(name, { peers: peersOf(i), over }));
  const changers = SCENARIOS.map((name, i) => new ChangeWriter(name, { peers: peersOf(NODES.length + i), over }));
  const all = [...nodes, ...changers];
  const busy = new Set<Writer>(all);
  const begun = putDefinitions(cluster);
  for (const writer of all) void begun.then(() => writer.run()).then(() => busy.delete(writer));
  const total = (of: (writer: Writer) => number): number => all.reduce((sum, writer) => sum + of(writer), 0);
  return {
    all,
    nodes,
    changers,
    busy: () => [...busy].map(({ name }) => name),
    describe: () =>
      `${total((w) => w.answeredCount)} answers, ${total((w) => w.failedCount)} failures passed, ` +
      `the longest answer took ${(Math.max(...all.map((w) => w.longestMs)) / 1000).toFixed(1)} s`,
    close: () => connections.flat().forEach((peer) => peer.close()),
  };
}

async function putDefinitions({ etcd }: ChaosCluster): Promise<void> {
  const [endpoint] = etcd.endpoints as [string];
  for (const [name, models] of Object.entries(PACKAGES))
    await putEtcd(endpoint, `Package/${name}`, packageYaml(name, models));
}

async function expectAllKept(
  cluster: ChaosCluster,
  nodes: readonly NodeWriter[],
  changers: readonly ChangeWriter[],
): Promise<void> {
  const [endpoint] = cluster.etcd.endpoints as [string];
  const asked = (): ReturnType<typeof askedReconciles> => askedReconciles(cluster.controller.of('Reconcile'));
  const contents = await eventually(async () => {
    const found = (await readEtcd(endpoint, '')).contents;
    const intents = under(found, '/statemanager/reconcile/').map(
      ([, value]) => (JSON.parse(value) as { id: string }).id,
    );
    const heard = new Set(asked().map(({ intent }) => intent));
    expect(
      intents.filter((intent) => !heard.has(intent)),
      'intents that nobody asked for',
    ).toEqual([]);
    return found;
  }, SETTLED_WITHIN_MS);
  expect(brokenEnd(contents, nodes)).toEqual([]);
  const past = await readPast(endpoint, contents.get('/statemanager/commit')?.revision ?? 0);
  expect(brokenPast(past)).toEqual([]);
  expect(brokenChanges(past, changers)).toEqual([]);
  expect(brokenReconciles(past, asked(), RECONCILED_WITHIN_MS, Date.now())).toEqual([]);
  expect(asked().length, 'reconciles').toBeGreaterThan(0);
  for (const { id, service, way } of cluster.places) {
    expect(isAlive(service?.pid as number), `${id} runs`).toBe(true);
    await expectShown(way.endpoint, contents);
  }
}

/** A replica shows what the store says. */
async function expectShown(address: string, contents: Contents): Promise<void> {
  const api = connectApi(address);
  try {
    await eventually(async () => {
      for (const kind of ['scenario', 'package', 'model']) {
        const shown = (await api.list({ kinds: [kind] })).map(({ name, state }): [string, string | undefined] => [
          name,
          state,
        ]);
        const stored = shown.map(([name]): [string, string | undefined] => [
          name,
          valueOf(contents, `/${kind}/${name}/state`),
        ]);
        expect(shown, address).toEqual(stored);
        expect(shown).toHaveLength(under(contents, `/${kind}/`).length);
      }
    });
  } finally {
    api.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
