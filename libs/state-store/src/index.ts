export * from './store.ts';
export * from './store-error.ts';
export * from './key-space.ts';
export * from './codec.ts';
export { UnreadableValueError } from './document.ts';
export { assertCommit, assertKey, assertRevision, assertValue } from './assert-commit.ts';
export { EmbeddedStore } from './embedded-store.ts';
export type { Ledger } from './ledger.ts';
export { openMemoryStore } from './memory-store.ts';
