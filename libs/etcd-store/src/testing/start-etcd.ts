import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerIsThere, etcdInDocker } from './etcd-in-docker.ts';
import { etcdFromPath, etcdOnPath } from './etcd-from-path.ts';
import type { EtcdRunner, EtcdSettings } from './etcd-settings.ts';
import { freePorts } from './free-ports.ts';
import type { TestCertificates } from './test-certificates.ts';
import { addUsers, type EtcdUsers } from './etcd-users.ts';

/** How a test's etcd is to run. */
export interface EtcdOptions {
  /** Where it runs: a program on PATH, or a container. Default: the program if there is one, else the container. */
  readonly from?: 'path' | 'docker';
  /** Not waiting for the disk makes tests fast; a killed process still loses nothing. Default true. */
  readonly unsafeNoFsync?: boolean;
  /** More flags for etcd, such as `--quota-backend-bytes=1000000`. */
  readonly flags?: readonly string[];
  /** Speak TLS with these, and want a certificate of the same authority from clients. */
  readonly tls?: TestCertificates;
  /** Have users, whose passwords calls must give. */
  readonly users?: EtcdUsers;
}

/** A real etcd of one member, on loopback, with its own data. */
export interface TestEtcd {
  /** `127.0.0.1:<port>`; stays the same across restarts. */
  readonly endpoint: string;
  readonly port: number;
  readonly dataDir: string;
  /** Ends it for good and removes its data. Can be called twice. */
  stop(): Promise<void>;
  /** Kills it without warning; its data stays. */
  kill(): Promise<void>;
  /** Kills it if it runs, starts it again on the same data and port, and waits until it serves. */
  restart(): Promise<void>;
  /** Stops it in its tracks, connections open: only where it runs as a process of this machine. */
  pause?(): void;
  resume?(): void;
}

/** How often a start is tried on other ports, because somebody took them in the meantime. */
const START_ATTEMPTS = 3;

/**
 * Starts a real etcd for tests: from PATH, else in Docker. It ends with the process that started it. Throws one
 * sentence that says what to install if there is neither.
 */
export async function startEtcd(options: EtcdOptions = {}): Promise<TestEtcd> {
  for (let attempt = 1; ; attempt += 1) {
    const dataDir = mkdtempSync(join(tmpdir(), 'test-etcd-'));
    const [port, peerPort] = (await freePorts(2)) as [number, number];
    const fast = (options.unsafeNoFsync ?? true) ? ['--unsafe-no-fsync'] : [];
    const { tls, users } = options;
    const flags = [...fast, ...(options.flags ?? [])];
    const runner = await chooseRunner({ port, peerPort, dataDir, tls, flags }, options.from);
    try {
      await runner.start();
      if (users !== undefined) await addUsers(`127.0.0.1:${port}`, users, tls);
      return testEtcd(runner, port, dataDir);
    } catch (error) {
      await runner.kill();
      rmSync(dataDir, { recursive: true, force: true });
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function chooseRunner(settings: EtcdSettings, from: EtcdOptions['from']): Promise<EtcdRunner> {
  if (from !== 'docker' && etcdOnPath() !== undefined) return etcdFromPath(settings);
  if (from !== 'path' && (await dockerIsThere())) return etcdInDocker(settings);
  if (from === 'docker') throw new Error('this needs a Docker engine, and the package testcontainers');
  throw new Error('these tests need a real etcd: install it (Debian: apt-get install etcd-server), or start Docker');
}

function testEtcd(runner: EtcdRunner, port: number, dataDir: string): TestEtcd {
  const removeData = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeData);
  const { signal } = runner;
  return {
    endpoint: `127.0.0.1:${port}`,
    port,
    dataDir,
    kill: () => runner.kill(),
    restart: async () => {
      await runner.kill();
      await runner.start();
    },
    stop: async () => {
      await runner.kill();
      process.removeListener('exit', removeData);
      removeData();
    },
    ...(signal === undefined ? {} : { pause: () => signal('SIGSTOP'), resume: () => signal('SIGCONT') }),
  };
}
