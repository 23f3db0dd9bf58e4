import { it } from 'vitest';
import { crashInALoop } from './crash-loop.ts';

it('a package that dies 2 s after each repair for two minutes is asked for no faster than the backoff', async ({
  onTestFinished,
}) => {
  await crashInALoop(onTestFinished, {
    forMs: 120_000,
    diesAfterMs: 2000,
    initialBackoffMs: 1000,
    maxBackoffMs: 60_000,
  });
});
