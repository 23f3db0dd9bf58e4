import { it } from 'vitest';
import { soak } from './soak.ts';

it('20 watchers that come and go see 5,000 changes once, in order, and end with the server’s state', async () => {
  await soak({ watchersCount: 20, changesCount: 5000, nodesCount: 10 });
}, 60_000);
