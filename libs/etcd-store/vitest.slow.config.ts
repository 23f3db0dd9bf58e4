import { configDefaults, defineConfig } from 'vitest/config';
import base from '../../vitest.base.ts';

/** The suites that wait for elections and timeouts of several servers. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/**/*.slow.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
