export { etcdOnPath } from './etcd-from-path.ts';
export { startEtcd } from './start-etcd.ts';
export type { EtcdOptions, TestEtcd } from './start-etcd.ts';
export { startEtcdCluster } from './start-etcd-cluster.ts';
export type { EtcdClusterOptions, TestEtcdCluster, TestEtcdMember } from './start-etcd-cluster.ts';
export { etcdAdmin } from './etcd-users.ts';
export type { EtcdUser, EtcdUsers } from './etcd-users.ts';
export { makeTestCertificates, opensslIsThere } from './test-certificates.ts';
export type { TestCertificates } from './test-certificates.ts';
