import { describe, it } from 'vitest';
import { killInRounds } from './kill-rounds.ts';
import { STORES } from './stores.ts';

describe.each(Object.entries(STORES))('kill -9 under load, on %s', (name, open) => {
  it('loses nothing that was acknowledged in fifty lives, and keeps the rules', async ({ onTestFinished }) => {
    const store = await open();
    onTestFinished(() => store.dispose());
    await killInRounds(onTestFinished, store, `kill on ${name}, slow`, 50);
  });
});
