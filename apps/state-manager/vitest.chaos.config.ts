import { defineConfig } from 'vitest/config';
import slow from './vitest.slow.config.ts';

/** The chaos of the slow suite for ten minutes, or for as long as the environment says. */
export default defineConfig({
  ...slow,
  test: {
    ...slow.test,
    include: ['test/chaos/*.slow.test.ts'],
    env: { STATEMANAGER_CHAOS_SECONDS: process.env['STATEMANAGER_CHAOS_SECONDS'] ?? '600' },
  },
});
