import { defineConfig } from 'vitest/config';

/** Resolve workspace packages to their sources, so that tests never see a stale build. */
const conditions = ['@statemanager/source', 'module', 'node', 'development|production'];

/** What every project's Vitest run shares. Suites named `*.slow.test.ts` have a configuration and a target of their own. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/*.slow.test.ts', '**/*.docker.test.ts', '**/node_modules/**', '**/dist/**'],
    passWithNoTests: false,
    // Most of what is waited for are other processes: on two cores one file at a time would leave one idle.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
