import { spawnSync } from 'node:child_process';
import type { StartedTestContainer } from 'testcontainers';
import { etcdFlags } from './etcd-flags.ts';
import { waitUntilHealthy } from './etcd-health.ts';
import type { EtcdRunner, EtcdSettings } from './etcd-settings.ts';

const IMAGE = 'quay.io/coreos/etcd:v3.5.21';

/** What etcd logs when it takes calls. */
const SERVES = /ready to serve client requests/;

/** Where the container has the data directory. */
const DATA_IN_CONTAINER = '/etcd-data';

/** Whether a Docker engine answers, and the library that speaks to it is installed. */
export async function dockerIsThere(): Promise<boolean> {
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
  if (engine.status !== 0) return false;
  return import('testcontainers').then(
    () => true,
    () => false,
  );
}

/** Runs etcd in a container on the same port, with the data directory mounted, so that it outlives the container. */
export function etcdInDocker(settings: EtcdSettings): EtcdRunner {
  let container: StartedTestContainer | undefined;
  return {
    start: async () => {
      // The reaper is one more image to pull; the container is removed when it stops.
      process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
      const { tls } = settings;
      const { GenericContainer, Wait } = await import('testcontainers');
      container = await new GenericContainer(IMAGE)
        .withCommand(['etcd', ...etcdFlags({ ...settings, port: 2379 }, '0.0.0.0', DATA_IN_CONTAINER)])
        .withExposedPorts({ container: 2379, host: settings.port })
        .withBindMounts([
          { source: settings.dataDir, target: DATA_IN_CONTAINER, mode: 'rw' },
          ...(tls === undefined ? [] : [{ source: tls.folder, target: tls.folder, mode: 'ro' as const }]),
        ])
        // What waits there has no certificate to show.
        .withWaitStrategy(tls === undefined ? Wait.forHttp('/health', 2379) : Wait.forLogMessage(SERVES))
        .start();
      await waitUntilHealthy(settings, () => true);
    },
    kill: async () => {
      const stopping = container;
      container = undefined;
      await stopping?.stop({ timeout: 0, remove: true });
    },
  };
}
