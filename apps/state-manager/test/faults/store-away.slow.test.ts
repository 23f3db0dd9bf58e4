import { describe, it } from 'vitest';
import { bridgeAStoreOutage, OUTAGES } from './store-away.ts';

describe('the store is away for 30 s while nodes report', () => {
  it.concurrent.for(Object.entries(OUTAGES))('%s', async ([, outage], context) => {
    await bridgeAStoreOutage(context, outage, 3_0000);
  });
});
