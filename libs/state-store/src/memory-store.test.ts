import { EmbeddedStore } from './embedded-store.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { describeStoreContract } from './testing/index.ts';

let ledger = new MemoryLedger();

describeStoreContract('memory', {
  open: () => Promise.resolve(new EmbeddedStore('memory:', (ledger = new MemoryLedger()))),
  clientOutlivesRestart: false,
  restart: async (store) => {
    await store.close();
    return new EmbeddedStore('memory:', ledger);
  },
});
