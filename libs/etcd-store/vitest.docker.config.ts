import { configDefaults, defineConfig } from 'vitest/config';
import base from '../../vitest.base.ts';

/** What needs a Docker engine: a target of its own, because not every machine has one. It fails where there is none. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/**/*.docker.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
