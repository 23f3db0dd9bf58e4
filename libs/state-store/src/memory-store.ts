import { EmbeddedStore } from './embedded-store.ts';
import { MemoryLedger } from './memory-ledger.ts';
import type { KeyValueStore } from './store.ts';

/**
 * Opens a store that lives and dies with this process: for tests, and the reference for what the others must do. Its
 * history grows until it is compacted.
 */
export function openMemoryStore(): KeyValueStore {
  return new EmbeddedStore('memory:', new MemoryLedger());
}
