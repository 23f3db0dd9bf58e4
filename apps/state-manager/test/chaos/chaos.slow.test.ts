import { it } from 'vitest';
import { chaos } from './chaos.ts';

/** How long: a minute and a half, or what the target `test-chaos` says. */
const SECONDS = Number(process.env['STATEMANAGER_CHAOS_SECONDS'] ?? 90);

it(
  'what was acknowledged is kept, once, with the default lease and for longer',
  async () => {
    await chaos({ durationMs: SECONDS * 1000, faultEveryMs: 5000, leaseTtlSeconds: 5 });
  },
  (SECONDS + 180) * 1000,
);
