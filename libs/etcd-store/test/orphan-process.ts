import { startEtcd } from '../src/testing/index.ts';

/** Starts an etcd, says where, and waits to be killed. */
const etcd = await startEtcd();
console.log(JSON.stringify({ port: etcd.port, dataDir: etcd.dataDir }));
setInterval(() => undefined, 1000);
