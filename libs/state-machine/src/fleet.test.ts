import { describe, expect, it } from 'vitest';
import { Fleet } from './fleet.ts';

const record = (since: number) =>
  ({ state: 'Running', since, rule: 'r', cause: 'c', source: 's', generation: 1, applied: [] }) as const;

describe('a fleet laid over another', () => {
  it('can be laid over the one that absorbed its base, and then holds nothing of it', () => {
    const view = new Fleet();
    view.putRecord('model', 'a', record(1));
    const first = new Fleet(view);
    first.putRecord('model', 'a', undefined);
    first.putRecord('model', 'b', record(2));
    const second = new Fleet(first);
    second.putRecord('model', 'c', record(3));
    const before = [...second.names('model')];
    view.absorb(first);
    second.rebase(view);
    expect([...second.names('model')]).toEqual(before);
    expect([second.record('model', 'a'), second.record('model', 'b')?.since]).toEqual([undefined, 2]);
    expect(second.count('model')).toBe(2);
    // What is put into its former base afterwards is not seen any more; what the view absorbs is.
    first.putRecord('model', 'd', record(4));
    expect(second.record('model', 'd')).toBeUndefined();
    view.absorb(second);
    expect([...view.names('model')]).toEqual(['b', 'c']);
  });
});
