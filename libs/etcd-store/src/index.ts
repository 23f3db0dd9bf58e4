export { openEtcdStore } from './etcd-store.ts';
export type { EtcdStoreOptions } from './etcd-store.ts';
