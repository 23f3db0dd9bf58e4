import { describe, expect, it } from 'vitest';
import { brokenChanges, brokenPast, brokenReconciles } from './oracle.ts';
import type { Past, PastTransition } from './past.ts';
import type { ChangeWriter } from './writers.ts';

const AT = 1_000_000;

/** A resource's history from its states, one generation and one second after the other. */
function went(resource: string, ...states: readonly string[]): PastTransition[] {
  return states.map((to, i) => ({
    resource,
    revision: 10 + i,
    from: states[i - 1] ?? null,
    to,
    at: AT + i * 1000,
    generation: i + 1,
    transitionId: `s0-${i}`,
  }));
}

function past(entries: readonly PastTransition[], words: readonly number[] = []): Past {
  const [first] = entries;
  return {
    transitions: new Map(first === undefined ? [] : [[first.resource, entries]]),
    words: new Map([['n0', words]]),
  };
}

const writer = (count: number): ChangeWriter =>
  ({
    name: 's0',
    changes: ['Idle', 'Waiting', 'Satisfied'].slice(0, count).map((target, i) => ({ id: `s0-${i}`, target })),
  }) as unknown as ChangeWriter;

describe('what the chaos is held against', () => {
  const [idle, waiting, satisfied] = went('scenario/s0', 'Idle', 'Waiting', 'Satisfied') as [
    PastTransition,
    PastTransition,
    PastTransition,
  ];

  it('is kept by a past without a flaw', () => {
    const flawless = past([idle, waiting, satisfied], [0, 1, 1, 4]);
    expect(brokenPast(flawless)).toEqual([]);
    expect(brokenChanges(flawless, [writer(3)])).toEqual([]);
  });

  it.each<[string, Past, RegExp]>([
    ['a gap', past([idle, satisfied]), /generation 3, not 2/],
    ['a generation twice', past([idle, idle]), /generation 1, not 2/],
    ['a transition from elsewhere', past([idle, { ...waiting, from: 'Allowed' }]), /from Allowed, not Idle/],
    ['a word that comes back', past([], [0, 3, 2]), /its word 2 took the place of the newer 3/],
  ])('is broken by %s', (_, flawed, what) => {
    expect(brokenPast(flawed).join('\n')).toMatch(what);
  });

  it.each<[string, Past]>([
    ['a change that is lost', past([idle, waiting])],
    ['a change that was made twice', past([idle, waiting, { ...waiting, generation: 3 }, satisfied])],
    ['changes in another order', past([waiting, idle, satisfied])],
  ])('is broken by %s', (_, flawed) => {
    expect(brokenChanges(flawed, [writer(3)])).toHaveLength(1);
  });

  it('wants whoever is dead for long to be asked for, and nobody else', () => {
    const dead = past(went('package/p', 'Running', 'Error', 'Running'));
    const asked = (intent: string) => [{ intent, packageName: 'p' }];
    expect(brokenReconciles(dead, asked('p/2'), 500, AT)).toEqual([]);
    expect(brokenReconciles(dead, [], 5000, AT)).toEqual([]);
    expect(brokenReconciles(dead, [], 500, AT)).toEqual(['p/2 was dead for 1000 ms, and not asked for']);
    expect(brokenReconciles(dead, asked('p/3'), 5000, AT)).toEqual(['p/3 was asked for, and was never dead']);
  });
});
