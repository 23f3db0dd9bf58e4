import { it } from 'vitest';
import { soak } from './soak.ts';

it('200 watchers that come and go see 100,000 changes once, in order, and end with the server’s state', async () => {
  await soak({ watchersCount: 200, changesCount: 100_000, nodesCount: 50 });
});
