import { describeContractOnEtcd } from './contract-on-etcd.ts';

await describeContractOnEtcd('etcd in a container', { from: 'docker' }, {});
