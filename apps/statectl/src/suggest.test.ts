import { expect, test } from 'vitest';
import { suggest } from './suggest.ts';

test.each([
  ['runing', 'Running'],
  ['Runnign', 'Running'],
  ['eror', 'Error'],
  ['zzz', undefined],
  ['', undefined],
])('%j may have been meant as %s', (text, word) => {
  expect(suggest(text, ['Running', 'Error', 'Paused'])).toBe(word);
});
