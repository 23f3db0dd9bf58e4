import { describeContractOnEtcd } from './contract-on-etcd.ts';

await describeContractOnEtcd('etcd', {}, {});
