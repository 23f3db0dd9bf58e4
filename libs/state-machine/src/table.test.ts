import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../test/seed.ts';
import { Table } from './table.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/** What happens to a pile of tables: the topmost takes a value, is absorbed by the one below, or gets one on top. */
type Step = { readonly name: string; readonly value: number | undefined } | 'lay' | 'absorb' | 'absorb-lowest';

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ name: fc.constantFrom(...NAMES), value: fc.option(fc.nat(3), { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.constant('lay' as const) },
  { weight: 2, arbitrary: fc.constant('absorb' as const) },
  { weight: 2, arbitrary: fc.constant('absorb-lowest' as const) },
);

/** Tables laid over each other, as the view, a transaction in flight, the next one and a decision are. */
class Pile {
  readonly tables = [new Table<number>()];

  get top(): Table<number> {
    return this.tables.at(-1) as Table<number>;
  }

  do(step: Exclude<Step, object>): void {
    if (step === 'lay') {
      if (this.tables.length < 5) this.tables.push(new Table(this.top));
    } else if (this.tables.length > 1) {
      const at = step === 'absorb' ? this.tables.length - 1 : 1;
      const [overlay] = this.tables.splice(at, 1) as [Table<number>];
      const below = this.tables[at - 1] as Table<number>;
      below.absorb(overlay);
      this.tables[at]?.rebase(below);
    }
  }
}

describe('tables laid over each other', () => {
  it('say what one map says to which the same happened, however they absorb each other', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pile = new Pile();
        const map = new Map<string, number>();
        for (const one of steps) {
          if (typeof one === 'string') pile.do(one);
          else {
            pile.top.set(one.name, one.value);
            if (one.value === undefined) map.delete(one.name);
            else map.set(one.name, one.value);
          }
          expect(Object.fromEntries(NAMES.map((name) => [name, pile.top.get(name)]))).toEqual(
            Object.fromEntries(NAMES.map((name) => [name, map.get(name)])),
          );
          expect(pile.top.size).toBe(map.size);
          expect([...pile.top.names()].sort()).toEqual([...map.keys()].sort());
        }
      }),
      seeded(2000),
    );
  });

  it('keep the order in which names came, where each only comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pile = new Pile();
        const map = new Map<string, number>();
        for (const one of steps) {
          if (typeof one === 'string') pile.do(one);
          else {
            const has = map.delete(one.name);
            if (!has) map.set(one.name, 1);
            pile.top.set(one.name, has ? undefined : 1);
          }
          expect([...pile.top.names()]).toEqual([...map.keys()]);
        }
      }),
      seeded(2000),
    );
  });

  it('absorb what was laid over another table as well', () => {
    const base = new Table<number>();
    base.set('a', 1);
    const overlay = new Table(base);
    overlay.set('a', 2);
    const other = new Table<number>();
    other.absorb(overlay);
    expect([other.get('a'), other.size]).toEqual([2, 1]);
  });
});
