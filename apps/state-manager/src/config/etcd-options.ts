import type { EtcdStoreOptions } from '@statemanager/etcd-store';
import { assertAuthorities, assertIdentity } from './pem.ts';
import { readSetting } from './read-setting.ts';
import type { Config, SettingName } from './schema.ts';

/** The settings that say how to reach etcd. */
export const ETCD_SETTINGS = [
  'etcd-ca',
  'etcd-cert',
  'etcd-key',
  'etcd-user',
  'etcd-password-file',
  'etcd-namespace',
] as const satisfies readonly SettingName[];
export type EtcdSetting = (typeof ETCD_SETTINGS)[number];

type EtcdConfig = Pick<Config, EtcdSetting | 'lease-ttl-seconds'>;

/**
 * How to reach etcd, with what the settings' files hold now. With any of the settings of TLS it is TLS. Throws, naming
 * setting and file but nothing that is in it, if a file cannot be read or used or half of a pair is missing.
 */
export function etcdOptionsOf(hosts: readonly string[], config: EtcdConfig): EtcdStoreOptions {
  const ca = read(config, 'etcd-ca');
  const cert = read(config, 'etcd-cert');
  const key = read(config, 'etcd-key');
  assertPair(config, 'etcd-cert', 'etcd-key');
  assertPair(config, 'etcd-user', 'etcd-password-file');
  if (ca !== undefined) assertAuthorities('etcd-ca', ca);
  if (cert !== undefined && key !== undefined) assertIdentity(['etcd-cert', 'etcd-key'], cert, key);
  const isTls = ca !== undefined || cert !== undefined;
  return {
    hosts,
    leaseTtlSeconds: config['lease-ttl-seconds'],
    namespace: config['etcd-namespace'],
    ...(isTls ? { tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } } : {}),
    ...authOf(config),
  };
}

function authOf(config: EtcdConfig): Pick<EtcdStoreOptions, 'auth'> {
  const username = config['etcd-user'];
  // Editors end the last line, and a password has none.
  const password = read(config, 'etcd-password-file')?.replace(/\r?\n$/, '');
  if (username === undefined || password === undefined) return {};
  if (password === '') throw new Error(`--etcd-password-file ${config['etcd-password-file']} is empty`);
  return { auth: { username, password } };
}

function read(
  config: EtcdConfig,
  name: 'etcd-ca' | 'etcd-cert' | 'etcd-key' | 'etcd-password-file',
): string | undefined {
  const path = config[name];
  return path === undefined ? undefined : readSetting(name, path).toString();
}

function assertPair(config: EtcdConfig, one: EtcdSetting, other: EtcdSetting): void {
  if ((config[one] === undefined) !== (config[other] === undefined))
    throw new Error(`--${one} and --${other} go together`);
}
