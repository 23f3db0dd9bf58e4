import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportedContainer } from '@statemanager/state-machine';
import { readReport } from '../grpc/read-report.ts';
import { reportMessage } from './report-message.ts';

const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);

const containers: fc.Arbitrary<ReportedContainer[]> = fc.array(
  fc.record({
    model: name,
    name: fc.oneof(name, fc.constantFrom('', '/slash', '//two')),
    status: fc.constantFrom('', 'running', 'exited', 'ünknown'),
    running: fc.boolean(),
    dead: fc.boolean(),
    oomKilled: fc.boolean(),
    exitCode: fc.oneof(fc.constant(undefined), fc.constant(Number.NaN), fc.integer({ min: -9, max: 255 })),
  }),
  { maxLength: 5 },
);

describe('a report that is forwarded', () => {
  it('says what it said', () => {
    fc.assert(
      fc.property(containers, (said) => {
        const message = reportMessage({ type: 'report', node: 'n1', containers: said, at: 1 });
        expect(readReport(message, 10)).toEqual({ node: 'n1', containers: said, misnamed: [] });
      }),
    );
  });
});
