import { expect, test } from 'vitest';
import { ageOf, formatAge, untilOf } from './age.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, '0s'],
  [-500, '0s'],
  [-2 * SECOND, '<future>'],
  [119 * SECOND + 999, '119s'],
  [2 * MINUTE, '2m'],
  [5 * MINUTE + 30 * SECOND, '5m30s'],
  [10 * MINUTE + 30 * SECOND, '10m'],
  [3 * HOUR - 1, '179m'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [8 * HOUR + 5 * MINUTE, '8h'],
  [2 * DAY + 5 * HOUR, '2d5h'],
  [8 * DAY + 5 * HOUR, '8d'],
  [2 * 365 * DAY, '2y'],
  [3 * 365 * DAY + 2 * DAY, '3y2d'],
  [9 * 365 * DAY, '9y'],
])('%i ms are %s, as kubectl prints it', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

const at = (ms: number) => ({ $typeName: 'google.protobuf.Timestamp' as const, seconds: BigInt(ms / 1000), nanos: 0 });

test('a time that is not there has a word of its own', () => {
  expect(ageOf(undefined, 0)).toBe('<unknown>');
  expect(ageOf(undefined, 0, 'never')).toBe('never');
  expect(ageOf(at(5000), 8000)).toBe('3s');
});

test('what is due says when', () => {
  expect(untilOf(undefined, 0)).toBe('-');
  expect(untilOf(at(5000), 8000)).toBe('now');
  expect(untilOf(at(8000), 5000)).toBe('in 3s');
});
