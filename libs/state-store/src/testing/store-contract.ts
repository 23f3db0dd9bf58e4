import { afterAll, afterEach, describe } from 'vitest';
import { describeCommit } from './contract-commit.ts';
import { describeFaults } from './contract-faults.ts';
import { describeLead } from './contract-lead.ts';
import { describeSnapshot } from './contract-snapshot.ts';
import { describeStatus, describeStatusOfRemote } from './contract-status.ts';
import { describeValues } from './contract-values.ts';
import { describeWatch } from './contract-watch.ts';
import { describeWriters } from './contract-writers.ts';
import { clientsOf } from './store-harness.ts';
import type { StoreHarness } from './store-harness.ts';

/** Registers the suite that every `KeyValueStore` must pass. Call it at the top of a Vitest file. */
export function describeStoreContract(name: string, harness: StoreHarness): void {
  describe(`the store contract: ${name}`, () => {
    const clients = clientsOf(harness);
    afterEach(() => clients.closeAll());
    afterAll(() => harness.dispose?.());

    describeValues(clients);
    describeSnapshot(clients);
    describeCommit(clients);
    describeWriters(clients);
    describeLead(clients);
    describeWatch(clients);
    describeStatus(clients);
    if (harness.openBehindProxy !== undefined) {
      describeFaults(clients);
      describeStatusOfRemote(clients);
    }
  });
}
