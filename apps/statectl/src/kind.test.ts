import { expect, test } from 'vitest';
import { StatectlError } from './failure.ts';
import { KINDS, readKind, readReferences, readState, statesOf } from './kind.ts';

/** What an error says, with its hints. */
function saidBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof StatectlError) return [error.code, error.message, ...error.hints].join(' | ');
    throw error;
  }
  throw new Error('nothing was refused');
}

test.each([
  ['pkg', 'package'],
  ['PACKAGES', 'package'],
  ['p', 'package'],
  ['m', 'model'],
  ['sc', 'scenario'],
  ['no', 'node'],
] as const)('%s is a %s', (text, kind) => {
  expect(readKind(text, KINDS)).toBe(kind);
});

test('an unknown kind is refused with the one that was meant', () => {
  expect(saidBy(() => readKind('pakage', KINDS))).toBe(
    'usage | there is no kind "pakage" | Did you mean package? | Kinds are scenarios, packages, models, nodes.',
  );
  expect(saidBy(() => readKind('zebra', KINDS))).not.toContain('Did you mean');
  expect(saidBy(() => readKind('definitions', KINDS))).toContain('definitions cannot be used here');
});

test('references are kind/name, kind name, or a name alone where the kind is clear', () => {
  expect(readReferences(['p/a', 'model/b'], KINDS)).toEqual([
    { kind: 'package', name: 'a' },
    { kind: 'model', name: 'b' },
  ]);
  expect(readReferences(['pkg', 'a', 'b'], KINDS)).toEqual([
    { kind: 'package', name: 'a' },
    { kind: 'package', name: 'b' },
  ]);
  expect(readReferences(['a', 'package/b'], ['package'], 'package').map(({ name }) => name)).toEqual(['a', 'b']);
  expect(saidBy(() => readReferences(['a'], KINDS))).toContain('Write it as kind/name');
  expect(saidBy(() => readReferences(['p/a b'], KINDS))).toContain('is no name');
  expect(saidBy(() => readReferences(['node/a'], ['package', 'model']))).toContain('nodes cannot be used here');
});

test('a state is read in any case, and refused with the one that was meant', () => {
  expect(readState('running', ['package'])).toBe('Running');
  expect(saidBy(() => readState('Deda', ['model']))).toContain('Did you mean Dead?');
  expect(saidBy(() => readState('Dead', ['package']))).toContain('is no state of a package');
  expect(statesOf(['node'])).toEqual([]);
});
