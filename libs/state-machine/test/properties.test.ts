import { describe, expect, test } from 'vitest';
import { decide, DEFAULT_RULE_OPTIONS, Fleet, RESOURCE_KINDS } from '../src/index.ts';
import { changedBy, concernedBy } from './concerned.ts';
import { dump, reload } from './dump.ts';
import { PACKAGES } from './inputs.ts';
import { holds, play } from './play.ts';
import { SEED } from './seed.ts';

console.log(`properties: STATEMANAGER_SEED=${SEED} repeats this run`);

describe('after any sequence of inputs', () => {
  test('the view equals one that is loaded from its records, in either order', () => {
    holds(300, (sequence, options) => {
      const view = play(sequence, options);
      for (const reversed of [false, true]) expect(dump(reload(view, reversed))).toEqual(dump(view));
    });
  });

  test('what is staged over a view and absorbed later is what is absorbed step by step', () => {
    holds(300, (sequence, options) => {
      const base = new Fleet();
      let staged = new Fleet(base);
      const view = play(sequence, options, {
        before: ({ input }) => {
          const decision = decide(staged, input, options);
          if (decision.accepted && decision.changes !== undefined) staged.absorb(decision.changes);
          if (input.at % 7 !== 0) return;
          base.absorb(staged);
          staged = new Fleet(base);
        },
      });
      expect(dump(staged)).toEqual(dump(view));
      base.absorb(staged);
      expect(dump(base)).toEqual(dump(view));
    });
  });

  test('with the default options a package is Error exactly if it has an intent', () => {
    holds(300, (sequence) => {
      play(sequence, DEFAULT_RULE_OPTIONS, {
        after: ({ view }) => {
          const isError = PACKAGES.map((name) => view.record('package', name)?.state === 'Error');
          expect(PACKAGES.map((name) => view.intent(name) !== undefined)).toEqual(isError);
        },
      });
    });
  });

  test('the transitions of each resource form a chain, and its record is where the chain ends', () => {
    const start = { to: null, generation: 0 };
    holds(300, (sequence, options) => {
      const chain = new Map<string, { to: unknown; generation: number }>();
      const view = play(sequence, options, {
        before: ({ decision }) => {
          for (const t of decision.accepted ? decision.transitions : []) {
            const last = chain.get(`${t.kind}/${t.name}`) ?? start;
            expect({ to: t.from, generation: t.generation }).toEqual({ ...last, generation: last.generation + 1 });
            chain.set(`${t.kind}/${t.name}`, { to: t.to, generation: t.generation });
          }
        },
      });
      for (const kind of RESOURCE_KINDS) {
        for (const name of view.names(kind)) {
          const { state, generation } = view.record(kind, name) ?? {};
          expect({ to: state, generation }).toEqual(chain.get(`${kind}/${name}`) ?? start);
        }
      }
    });
  });
});

describe('any single decision', () => {
  test('leaves the view as it is', () => {
    holds(150, (sequence, options) => {
      play(sequence, options, {
        before: ({ view, input }) => {
          const before = dump(view);
          decide(view, input, options);
          expect(dump(view)).toEqual(before);
        },
      });
    });
  });

  test('touches only what it concerns', () => {
    holds(500, (sequence, options) => {
      play(sequence, options, {
        before: ({ view, input, decision }) => {
          if (!decision.accepted) return;
          const concerned = concernedBy(view, input);
          const beyond = [...changedBy(decision)].filter((changed) => !concerned.has(changed));
          expect(beyond, input.type).toEqual([]);
        },
      });
    });
  });

  test('is worth nothing the second time, but for an attempt that starts and an offload that is noted', () => {
    holds(150, (sequence, options) => {
      play(sequence, options, {
        after: ({ view, input, decision }) => {
          if (input.type === 'attempt-started' || input.type === 'offload-answered') return;
          const again = decide(view, input, options);
          if (!decision.accepted) return expect(again).toEqual(decision);
          if (input.type === 'node-forgotten' || input.type === 'resource-deleted') {
            return expect(again).toMatchObject({ accepted: false, code: 'resource_not_found' });
          }
          if (!again.accepted) return expect.fail(`accepted, then refused: ${again.details}`);
          expect(again.transitions).toEqual([]);
          if (input.type === 'report' || input.type === 'change') expect(again.changes).toBeUndefined();
          if (again.changes === undefined) return;
          const absorbed = new Fleet(view);
          absorbed.absorb(again.changes);
          expect(dump(absorbed)).toEqual(dump(view));
        },
      });
    });
  });

  test('does not depend on the order of a report’s containers', () => {
    holds(300, (sequence, options) => {
      play(sequence, options, {
        before: ({ view, input, decision }) => {
          if (input.type !== 'report' || !decision.accepted) return;
          const turned = decide(view, { ...input, containers: input.containers.toReversed() }, options);
          if (!turned.accepted) return expect.fail(turned.details);
          expect(turned.transitions).toEqual(decision.transitions);
          expect(turned.changes && dump(turned.changes)).toEqual(decision.changes && dump(decision.changes));
        },
      });
    });
  });
});
