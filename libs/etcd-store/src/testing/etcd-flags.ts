import type { EtcdSettings } from './start-etcd.ts';

/** The flags of a cluster of one that listens on `address`. */
export function etcdFlags(settings: EtcdSettings, address: string, dataDir: string): string[] {
  const client = `http://${address}:${settings.port}`;
  const peer = `http://127.0.0.1:${settings.peerPort}`;
  return [
    '--name=test',
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=http://127.0.0.1:${settings.port}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    // Alone, a member waits for a vote nobody will cast; this also lowers the least lease to a second.
    '--heartbeat-interval=20',
    '--election-timeout=200',
    '--logger=zap',
    '--log-outputs=stderr',
    ...settings.flags,
  ];
}
