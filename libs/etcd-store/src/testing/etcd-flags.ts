import type { EtcdSettings } from './etcd-settings.ts';

/** The flags of a member that listens on `address`. */
export function etcdFlags(settings: EtcdSettings, address: string, dataDir: string): string[] {
  const { name = 'test', port, peerPort, tls } = settings;
  const scheme = tls === undefined ? 'http' : 'https';
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--name=${name}`,
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${scheme}://${address}:${port}`,
    `--advertise-client-urls=${scheme}://127.0.0.1:${port}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${settings.initialCluster ?? `${name}=${peer}`}`,
    ...electionFlags(settings.initialCluster !== undefined),
    '--logger=zap',
    '--log-outputs=stderr',
    ...(tls === undefined
      ? []
      : [
          `--cert-file=${tls.serverCertFile}`,
          `--key-file=${tls.serverKeyFile}`,
          `--trusted-ca-file=${tls.caFile}`,
          '--client-cert-auth',
        ]),
    ...settings.flags,
  ];
}

/**
 * Alone, a member waits for a vote nobody will cast; a short time also lowers the least lease to a second. Several need
 * as much as keeps a busy machine from electing all the time.
 */
function electionFlags(ofSeveral: boolean): string[] {
  return ofSeveral
    ? ['--heartbeat-interval=50', '--election-timeout=600']
    : ['--heartbeat-interval=20', '--election-timeout=200'];
}
