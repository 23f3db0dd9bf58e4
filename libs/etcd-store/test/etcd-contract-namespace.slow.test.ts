import { describeContractOnEtcd } from './contract-on-etcd.ts';

await describeContractOnEtcd('etcd, under a namespace', {}, { namespace: 'fleet-1' });
