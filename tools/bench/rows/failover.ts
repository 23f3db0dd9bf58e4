import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { openEtcdStore } from '@statemanager/etcd-store';
import { startEtcdCluster } from '@statemanager/etcd-store/testing';
import { statemanager } from '@statemanager/proto';
import { LEADER_KEY, stateKey, type KeyValueStore } from '@statemanager/state-store';
import { median, short } from '../kit/figures.ts';
import { startService, type ServerProcess } from '../kit/service.ts';
import type { Figure, Measurement, RunOptions } from './row.ts';

const RUNS_COUNT = { full: 20, quick: 3 } as const;
const IDS = ['r1', 'r2', 'r3'] as const;

/** What a leader may take to be replaced, beyond the time to live of its lease. */
const BEYOND_LEASE_MS = 1000;

/** How the leader goes, and what the next answer may take at the most. */
const CASES = [
  { row: 'failover', title: 'the leader is asked to stop', signal: 'SIGTERM', ttlSeconds: 5, goalMs: 200 },
  { row: 'failover-kill', title: 'the leader is killed, lease of 5 s', signal: 'SIGKILL', ttlSeconds: 5 },
  { row: 'failover-kill-2s', title: 'the leader is killed, lease of 2 s', signal: 'SIGKILL', ttlSeconds: 2 },
] as const;

/** The row for the same process that is started again. */
const RESTART = { row: 'failover-restart', title: 'the killed leader is started again', goalMs: 1000 } as const;

/** How long it takes until somebody leads again: three replicas on three etcd members. */
export const failover: Measurement = {
  rows: [...CASES.map(({ row }) => row), RESTART.row],
  title: 'failover: from the leader’s end to the next acknowledged change',
  run,
};

async function run({ quick, say }: RunOptions): Promise<readonly Figure[]> {
  const count = quick ? RUNS_COUNT.quick : RUNS_COUNT.full;
  const figures: Figure[] = [];
  for (const { row, title, signal, ttlSeconds, ...rest } of CASES) {
    const goalMs = 'goalMs' in rest ? rest.goalMs : ttlSeconds * 1000 + BEYOND_LEASE_MS;
    const samples = await withReplicas(ttlSeconds, (replicas) =>
      repeated(count, say, title, () => replaceLeader(replicas, signal)),
    );
    figures.push(figure(row, title, samples, goalMs));
  }
  const restarted = await withReplicas(5, (replicas) =>
    repeated(count, say, RESTART.title, () => restartLeader(replicas)),
  );
  figures.push(figure(RESTART.row, `${RESTART.title}, from when it listens`, restarted, RESTART.goalMs));
  return figures;
}

/** Three processes that are started again under their ids, and a look into their store. */
class Replicas {
  readonly store: KeyValueStore;
  readonly #flags: readonly string[];
  readonly #running = new Map<string, ServerProcess>();
  #namesCount = 0;

  constructor(endpoints: readonly string[], ttlSeconds: number) {
    this.store = openEtcdStore({ hosts: endpoints });
    this.#flags = ['--store', `etcd:${endpoints.join(',')}`, '--lease-ttl-seconds', String(ttlSeconds)];
  }

  async start(id: string): Promise<ServerProcess> {
    const service = await startService([...this.#flags, '--id', id]);
    this.#running.set(id, service);
    return service;
  }

  async end(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const service = this.#running.get(id);
    await (signal === 'SIGKILL' ? service?.kill() : service?.stop());
  }

  /** Who leads, and any other one. */
  async look(): Promise<{ readonly leader: string; readonly survivor: ServerProcess; readonly revision: number }> {
    const entry = await this.store.get(LEADER_KEY);
    if (entry === undefined) throw new Error('nobody leads');
    const { id } = JSON.parse(entry.value) as { id: string };
    const survivor = IDS.find((other) => other !== id) as string;
    return { leader: id, survivor: this.#running.get(survivor) as ServerProcess, revision: entry.revision };
  }

  /** A scenario that is not there yet. */
  newName(): string {
    return `failover-${(this.#namesCount += 1)}`;
  }

  async stop(): Promise<void> {
    await this.store.close();
    await Promise.all([...this.#running.values()].map((service) => service.kill()));
  }
}

async function withReplicas(
  ttlSeconds: number,
  measure: (replicas: Replicas) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const etcd = await startEtcdCluster({ unsafeNoFsync: false });
  const replicas = new Replicas(etcd.endpoints, ttlSeconds);
  try {
    await (await replicas.start(IDS[0])).said('leading: view loaded');
    for (const id of IDS.slice(1)) await (await replicas.start(id)).said('following: view loaded');
    return await measure(replicas);
  } finally {
    await replicas.stop();
    await etcd.stop();
  }
}

async function repeated(
  count: number,
  say: RunOptions['say'],
  title: string,
  once: () => Promise<number>,
): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i += 1) samples.push(await once());
  say(`${title}: ${samples.map((ms) => Math.round(ms)).join(', ')} ms`);
  return samples;
}

/**
 * One change after the other goes through a replica that stays, while the leader ends. The time is that from the signal
 * to the first answer whose commit is the next leader's.
 */
async function replaceLeader(replicas: Replicas, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const { leader, survivor, revision } = await replicas.look();
  const change = connect(survivor.port);
  const answered: { readonly name: string; readonly at: number }[] = [];
  const over = new AbortController();
  const changing = (async () => {
    while (!over.signal.aborted) {
      const name = replicas.newName();
      await change(name);
      answered.push({ name, at: performance.now() });
    }
  })();
  await until(() => Promise.resolve(answered.length > 20));
  const began = performance.now();
  const ending = replicas.end(leader, signal);
  let next = revision;
  await until(async () => (next = (await replicas.store.get(LEADER_KEY))?.revision ?? revision) > revision);
  const before = answered.length;
  await until(() => Promise.resolve(answered.length > before + 5));
  over.abort();
  await changing;
  await ending;
  await (await replicas.start(leader)).said('following: view loaded');
  for (const { name, at } of answered) {
    if (at < began) continue;
    const stored = await replicas.store.get(stateKey('scenario', name));
    if (stored !== undefined && stored.revision > next) return at - began;
  }
  throw new Error('no change was committed by the next leader');
}

/** The killed leader is started again at once: its id is in the leader key, and nobody has to wait for its lease. */
async function restartLeader(replicas: Replicas): Promise<number> {
  const { leader } = await replicas.look();
  await replicas.end(leader, 'SIGKILL');
  const service = await replicas.start(leader);
  const listening = Date.parse(String((await service.said('listening'))['time']));
  await connect(service.port)(replicas.newName());
  const ms = Date.now() - listening;
  if ((await replicas.look()).leader !== leader) throw new Error('another one leads');
  return ms;
}

/** Makes a change, and makes it again without a pause until it is answered. */
function connect(port: number): (name: string) => Promise<void> {
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
  const client = createClient(statemanager.StateManagerConnection, transport);
  return async (name) => {
    for (;;) {
      const answer = await client
        .sendStateChange({
          resourceType: statemanager.ResourceType.SCENARIO,
          resourceName: name,
          targetState: 'idle',
          transitionId: name,
          timestampNs: 1n,
          source: 'bench',
        })
        .catch(() => undefined);
      if (answer?.errorCode === statemanager.ErrorCode.SUCCESS) return;
      if (answer !== undefined) throw new Error(answer.errorDetails);
    }
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}

function figure(row: string, title: string, samples: readonly number[], goal: number): Figure {
  const [least, middle, most] = [Math.min(...samples), median(samples), Math.max(...samples)].map(short);
  const detail = `least ${least}, median ${middle}, most ${most} ms of ${samples.length}`;
  return { row, title, value: Math.max(...samples), unit: 'ms at the most', goal, better: 'less', detail };
}
