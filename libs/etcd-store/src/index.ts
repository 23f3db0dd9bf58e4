export type { EtcdAuth, EtcdTls } from './credentials.ts';
export { openEtcdStore } from './etcd-store.ts';
export type { EtcdStoreOptions } from './etcd-store.ts';
