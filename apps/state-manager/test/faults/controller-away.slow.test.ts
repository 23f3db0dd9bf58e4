import { it } from 'vitest';
import { bridgeAnOutage } from './controller-away.ts';

it('an ActionController that was away for 20 s is asked once it is back, and once only', async ({ onTestFinished }) => {
  await bridgeAnOutage(onTestFinished, 20_000);
});
