import { openEtcdStore } from '@statemanager/etcd-store';
import { openSqliteStore } from '@statemanager/sqlite-store';
import { openMemoryStore, type KeyValueStore } from '@statemanager/state-store';
import { etcdOptionsOf, type EtcdSetting } from './config/etcd-options.ts';
import type { StoreUrl } from './config/parsers.ts';
import type { Config } from './config/schema.ts';

/** Opens the store that a setting names. */
export async function openStore(
  url: StoreUrl,
  config: Pick<Config, EtcdSetting | 'lease-ttl-seconds'>,
): Promise<KeyValueStore> {
  if (url.type === 'memory') return openMemoryStore();
  if (url.type === 'sqlite') return openSqliteStore(url.path);
  return openEtcdStore(etcdOptionsOf(url.hosts, config));
}
