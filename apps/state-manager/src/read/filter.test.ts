import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import type { Facts } from './facts.ts';
import { FieldError } from './field-error.ts';
import { readFilter, readKind, readPageSize } from './filter.ts';

const filterOf = (parts: Parameters<typeof create<typeof v1.ResourceFilterSchema>>[1]): ReturnType<typeof readFilter> =>
  readFilter(create(v1.ResourceFilterSchema, parts));

const facts = (parts: Partial<Facts> = {}): Facts => ({
  kind: 'model',
  name: 'm',
  state: 'Running',
  stale: false,
  packages: ['p'],
  ...parts,
});

/** What is thrown. */
function problemOf(read: () => unknown): FieldError {
  try {
    read();
  } catch (error) {
    if (error instanceof FieldError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a filter', () => {
  it.each([undefined, create(v1.ResourceFilterSchema)])('restricts nothing that is not given', (filter) => {
    const { kinds, matches } = readFilter(filter);
    expect(kinds).toEqual(['scenario', 'package', 'model', 'node']);
    for (const kind of kinds) expect(matches(facts({ kind, stale: kind === 'node', state: '' }))).toBe(true);
  });

  it('takes kinds in any case, and lists them in its own order', () => {
    const { kinds, matches } = filterOf({ kinds: ['Model', 'SCENARIO', 'model'] });
    expect(kinds).toEqual(['scenario', 'model']);
    expect(matches(facts())).toBe(true);
    expect(matches(facts({ kind: 'package' }))).toBe(false);
  });

  it.each(['Dead', 'dead', 'DEAD', 'MODEL_STATE_DEAD', 'model_state_dead'])('takes a state as %s', (state) => {
    const { matches } = filterOf({ kinds: ['model'], states: [state] });
    expect([matches(facts({ state: 'Dead' })), matches(facts())]).toEqual([true, false]);
  });

  it('takes any of several states', () => {
    const { matches } = filterOf({ states: ['Dead', 'Error'] });
    const fitting = ['Dead', 'Error', 'Running', ''].filter((state) => matches(facts({ state })));
    expect(fitting).toEqual(['Dead', 'Error']);
  });

  it('takes the beginning of a name, case and all', () => {
    const { matches } = filterOf({ namePrefix: 'ab' });
    expect(['ab', 'abc', 'a', 'AB', 'xab'].filter((name) => matches(facts({ name })))).toEqual(['ab', 'abc']);
  });

  it('takes a package, and whether it is stale', () => {
    const ofPackage = filterOf({ package: 'p' }).matches;
    expect([
      ofPackage(facts()),
      ofPackage(facts({ packages: ['q', 'p'] })),
      ofPackage(facts({ packages: [] })),
    ]).toEqual([true, true, false]);
    for (const stale of [true, false]) {
      const { matches } = filterOf({ stale });
      expect([true, false].map((is) => matches(facts({ stale: is })))).toEqual([stale, !stale]);
    }
  });

  it.each([
    [{ kinds: ['model', 'pod'] }, 'filter.kinds[1]', ['scenario', 'package', 'model', 'node']],
    [{ kinds: ['model'], states: ['Running', 'Error'] }, 'filter.states[1]', ['Created', 'Dead']],
    [{ kinds: ['package'], states: ['Dead'] }, 'filter.states[0]', ['Idle', 'Degraded']],
    [{ states: [''] }, 'filter.states[0]', ['Idle', 'Dead']],
    [{ kinds: ['node'], states: ['Running'] }, 'filter.states[0]', []],
    [{ namePrefix: 'x'.repeat(254) }, 'filter.name_prefix', []],
    [{ package: 'a/b' }, 'filter.package', []],
  ])('names the field that can match nothing: %j', (parts, field, allowed) => {
    const problem = problemOf(() => filterOf(parts));
    expect(problem.field).toBe(field);
    expect(problem.allowedValues).toEqual(expect.arrayContaining(allowed));
  });

  it('names each allowed state once, although two kinds have it', () => {
    const { allowedValues } = problemOf(() => filterOf({ states: ['odd'] }));
    expect(allowedValues).toEqual([...new Set(allowedValues)]);
    expect(allowedValues).toEqual(expect.arrayContaining(['Running', 'Waiting', 'Dead', 'Error']));
  });

  it.each(['kinds', 'states'] as const)('does not take more %s than can be meant', (list) => {
    const value = list === 'kinds' ? 'model' : 'Dead';
    expect(() => filterOf({ [list]: Array.from({ length: 100 }, () => value) })).not.toThrow();
    const problem = problemOf(() => filterOf({ [list]: Array.from({ length: 101 }, () => value) }));
    expect([problem.field, problem.problem]).toEqual([`filter.${list}`, 'must be at most 100']);
  });

  it('repeats no more of a bad text than a line holds', () => {
    expect(problemOf(() => filterOf({ kinds: ['x'.repeat(1_000_000)] })).message.length).toBeLessThan(300);
    expect(problemOf(() => filterOf({ states: ['x'.repeat(1_000_000)] })).message.length).toBeLessThan(500);
  });
});

describe('a kind', () => {
  it('is read in any case, from those that are allowed here', () => {
    expect(readKind('NODE', 'kind')).toBe('node');
    expect(problemOf(() => readKind('node', 'kind', ['model', 'package']))).toMatchObject({
      field: 'kind',
      allowedValues: ['model', 'package'],
    });
    expect(problemOf(() => readKind('', 'kind')).message).toBe(
      'kind: "" is no kind; allowed are scenario, package, model, node',
    );
  });
});

describe('a page’s size', () => {
  it('is from 1 to 1000, and 500 if it is not given', () => {
    expect([0, 1, 1000].map(readPageSize)).toEqual([500, 1, 1000]);
    for (const size of [-1, 1001, -2_147_483_648, 2_147_483_647]) {
      expect(problemOf(() => readPageSize(size)).field).toBe('page_size');
    }
  });
});
