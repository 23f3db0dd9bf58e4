import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdFromPath, etcdOnPath } from './etcd-from-path.ts';
import type { EtcdRunner, EtcdSettings } from './etcd-settings.ts';
import { etcdAdmin } from './etcd-users.ts';
import { freePorts } from './free-ports.ts';
import type { EtcdOptions } from './start-etcd.ts';

/** One server of a {@link TestEtcdCluster}. */
export interface TestEtcdMember {
  /** `127.0.0.1:<port>`; stays the same across restarts. */
  readonly endpoint: string;
  readonly port: number;
  /** Kills it without warning; its data stays. */
  kill(): Promise<void>;
  /** Starts it again on its data, and waits until it serves: with it there must be a majority. */
  restart(): Promise<void>;
  /** Stops it in its tracks, connections open. */
  pause(): void;
  resume(): void;
}

/** A real etcd of several members, on loopback. */
export interface TestEtcdCluster {
  readonly members: readonly TestEtcdMember[];
  readonly endpoints: readonly string[];
  /** The member that leads, as one of `asked` says it; throws if it knows none. */
  leader(asked?: readonly TestEtcdMember[]): Promise<TestEtcdMember>;
  /** Ends it for good and removes its data. Can be called twice. */
  stop(): Promise<void>;
}

/** How a test's etcd of several members is to run. */
export interface EtcdClusterOptions extends Pick<EtcdOptions, 'flags' | 'unsafeNoFsync'> {
  /** How many members. Default 3. */
  readonly size?: number;
}

/** Starts a real etcd of several members, from PATH. It ends with the process that started it. */
export async function startEtcdCluster(options: EtcdClusterOptions = {}): Promise<TestEtcdCluster> {
  if (etcdOnPath() === undefined) throw new Error('these tests need etcd on PATH: Debian: apt-get install etcd-server');
  const { size = 3, flags = [], unsafeNoFsync = true } = options;
  const ports = await freePorts(2 * size);
  const folder = mkdtempSync(join(tmpdir(), 'test-etcd-cluster-'));
  const names = Array.from({ length: size }, (_, i) => `m${i}`);
  const peerPortOf = (i: number): number => ports[size + i] as number;
  const initialCluster = names.map((name, i) => `${name}=http://127.0.0.1:${peerPortOf(i)}`).join(',');
  const running = names.map((name, i) => {
    const settings: EtcdSettings = {
      name,
      initialCluster,
      port: ports[i] as number,
      peerPort: peerPortOf(i),
      dataDir: join(folder, name),
      flags: [...(unsafeNoFsync ? ['--unsafe-no-fsync'] : []), ...flags],
    };
    const runner = etcdFromPath(settings);
    return { runner, member: memberOf(runner, settings.port) };
  });
  const members = running.map(({ member }) => member);
  const stop = async (): Promise<void> => {
    await Promise.all(running.map(({ runner }) => runner.kill()));
    process.removeListener('exit', removeData);
    removeData();
  };
  const removeData = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeData);
  try {
    await Promise.all(running.map(({ runner }) => runner.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    members,
    endpoints: members.map(({ endpoint }) => endpoint),
    leader: (asked = members) => leaderOf(members, asked),
    stop,
  };
}

function memberOf(runner: EtcdRunner, port: number): TestEtcdMember {
  return {
    endpoint: `127.0.0.1:${port}`,
    port,
    kill: () => runner.kill(),
    restart: async () => {
      await runner.kill();
      await runner.start();
    },
    pause: () => runner.signal?.('SIGSTOP'),
    resume: () => runner.signal?.('SIGCONT'),
  };
}

async function leaderOf(members: readonly TestEtcdMember[], asked: readonly TestEtcdMember[]): Promise<TestEtcdMember> {
  for (const { endpoint } of asked) {
    const admin = etcdAdmin(endpoint);
    try {
      const { leader } = await admin.maintenance.status();
      const { members: known } = await admin.cluster.memberList({});
      const url = known.find(({ ID }) => ID === leader)?.clientURLs[0];
      const found = members.find((member) => url === `http://${member.endpoint}`);
      if (found !== undefined) return found;
    } catch {
      // This one is away; another may know.
    } finally {
      admin.close();
    }
  }
  throw new Error('no member knows a leader');
}
