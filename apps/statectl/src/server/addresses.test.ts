import { expect, test } from 'vitest';
import { readAddresses } from './addresses.ts';

test.each([
  ['a:1', ['a:1']],
  ['a:1, b', ['a:1', 'b:47006']],
  ['a:1,a:1', ['a:1']],
  ['http://10.0.0.1:47006/', ['10.0.0.1:47006']],
  ['[::1]:9', ['[::1]:9']],
])('%s is %j', (text, addresses) => {
  expect(readAddresses(text)).toEqual(addresses);
});

test.each(['', 'a:', 'a:0', 'a:99999', 'https://a', 'a b', 'a:1,,b', '::1'])('%j is refused', (text) => {
  expect(() => readAddresses(text)).toThrow(/is no server/);
});
