import { expect, it } from 'vitest';
import { Presence } from './presence.ts';

it('a node is confirmed by the first time it is heard, until it is forgotten', () => {
  const presence = new Presence();
  expect([presence.isConfirmed('n'), presence.heardAt('n')]).toEqual([false, undefined]);
  expect([presence.heard('n', 5), presence.heard('n', 7)]).toEqual([true, false]);
  expect([presence.isConfirmed('n'), presence.heardAt('n')]).toEqual([true, 7]);
  expect(presence.isConfirmed('other')).toBe(false);
  presence.forget('n');
  expect([presence.isConfirmed('n'), presence.heard('n', 9)]).toEqual([false, true]);
});

it('nobody is confirmed once it is cleared', () => {
  const presence = new Presence();
  for (const node of ['a', 'b']) presence.heard(node, 1);
  presence.clear();
  expect(['a', 'b'].map((node) => presence.isConfirmed(node))).toEqual([false, false]);
});
