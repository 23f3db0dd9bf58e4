export { eventually, until } from './eventually.ts';
export { describeStoreContract } from './store-contract.ts';
export type { StoreHarness } from './store-harness.ts';
export { startTcpProxy } from './tcp-proxy.ts';
export type { TcpProxy } from './tcp-proxy.ts';
