import { configDefaults, defineConfig } from 'vitest/config';
import base from '../../vitest.base.ts';

/** The suites that take minutes: the same faults as in the fast ones, for longer and more often. */
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
