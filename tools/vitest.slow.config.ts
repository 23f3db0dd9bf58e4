import { configDefaults, defineConfig } from 'vitest/config';
import base from '../vitest.base.ts';

/** The suites that install what was packed, and so need a registry. One file at a time. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/**/*.slow.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
