import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import base from '../../vitest.base.ts';

/** The suites that take longest, the longest first: one that began last would run on by itself. */
const LONGEST = ['equality', 'kill', 'crash-loop', 'chaos'];

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.slow.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return Promise.resolve([...files].sort((a, b) => place(a) - place(b)));
  }
}

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
    sequence: { sequencer: LongestFirst },
  },
});
