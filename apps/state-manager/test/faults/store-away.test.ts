import { describe, it } from 'vitest';
import { bridgeAStoreOutage, OUTAGES, startBeforeTheStore } from './store-away.ts';

describe('the store is away for 4 s while nodes report', () => {
  it.concurrent.for(Object.entries(OUTAGES))('%s', async ([, outage], context) => {
    await bridgeAStoreOutage(context, outage, 4_000);
  });

  it.concurrent('from the start', async (context) => {
    await startBeforeTheStore(context);
  });
});
