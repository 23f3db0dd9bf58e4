export { startEtcd } from './start-etcd.ts';
export type { EtcdOptions, TestEtcd } from './start-etcd.ts';
