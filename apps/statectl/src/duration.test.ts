import { expect, test } from 'vitest';
import { formatDuration, readDurationMs } from './duration.ts';
import { StatectlError } from './failure.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['30', 30_000],
])('%s is %i ms', (text, ms) => {
  expect(readDurationMs(text)).toBe(ms);
});

test.each(['', '0', '-1s', '10 s', 's', '10d', 'soon', '9999h', '1e3'])('%j is refused', (text) => {
  expect(() => readDurationMs(text)).toThrow(StatectlError);
});

test('a duration is written as it is given', () => {
  expect([250, 10_000, 90_000, 120_000].map(formatDuration)).toEqual(['250ms', '10s', '1m30s', '2m']);
});
