import { describe, expect, test } from 'vitest';
import { formatState, isName, MAX_NAME_LENGTH, parseState, RESOURCE_KINDS, STATES } from './resource.ts';

describe.each(RESOURCE_KINDS)('%s states', (kind) => {
  test('are read in every spelling and any case', () => {
    for (const state of STATES[kind]) {
      for (const text of [formatState(kind, state, 'bare'), formatState(kind, state, 'enum')]) {
        const odd = [...text].map((c, i) => (i % 2 === 0 ? c.toLowerCase() : c.toUpperCase())).join('');
        for (const spelling of [text, text.toLowerCase(), text.toUpperCase(), odd]) {
          expect(parseState(kind, spelling), spelling).toBe(state);
        }
      }
    }
  });

  test('are written bare, or as the enum has them', () => {
    for (const state of STATES[kind]) {
      expect(formatState(kind, state, 'bare')).toBe(state);
      expect(formatState(kind, state, 'enum')).toBe(`${kind.toUpperCase()}_STATE_${state.toUpperCase()}`);
    }
  });

  test('are not guessed', () => {
    const foreign = RESOURCE_KINDS.filter((other) => other !== kind).map(
      (other) => `${other}_state_${STATES[kind][0]}`,
    );
    const wrong = [
      '',
      ' ',
      'nonsense',
      `${kind}_state_unspecified`,
      `${kind}_state_`,
      ` ${STATES[kind][0]}`,
      ...foreign,
    ];
    for (const text of wrong) expect(parseState(kind, text), text).toBeUndefined();
  });
});

test('names', () => {
  const longest = 'a'.repeat(MAX_NAME_LENGTH);
  for (const name of ['a', '7', 'Z', 'a.b', 'a-b_c.D9', 'x-', longest]) expect(isName(name), name).toBe(true);
  const wrong = ['', '.', '-a', '_a', '.a', 'a b', 'a/b', 'ä', 'aé', 'a\n', '\na', 'a\0', '한글', `${longest}a`];
  for (const name of wrong) expect(isName(name), JSON.stringify(name)).toBe(false);
});
