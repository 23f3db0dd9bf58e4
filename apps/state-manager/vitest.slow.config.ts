import { configDefaults, defineConfig } from 'vitest/config';
import base from '../../vitest.base.ts';

/**
 * The suites that take minutes: the same faults as in the fast ones, for longer and more often. The one
 * with 200 watchers is run by itself (see `test-slow`): beside another, its readers would not get the processor.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/**/*.slow.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
