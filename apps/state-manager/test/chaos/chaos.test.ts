import { it } from 'vitest';
import { chaos } from './chaos.ts';

it('what was acknowledged is kept, once, whatever happens to the processes and the ways between them', async () => {
  await chaos({ durationMs: 30_000, faultEveryMs: 2500, leaseTtlSeconds: 2 });
}, 180_000);
