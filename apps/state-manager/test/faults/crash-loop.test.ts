import { it } from 'vitest';
import { crashInALoop } from './crash-loop.ts';

it('a package that dies after each repair is asked for no faster than the backoff', async ({ onTestFinished }) => {
  await crashInALoop(onTestFinished, { forMs: 6000, diesAfterMs: 100, initialBackoffMs: 100, maxBackoffMs: 1600 });
});
