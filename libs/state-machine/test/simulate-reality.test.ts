import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  Fleet,
  RESOURCE_KINDS,
  simulate,
  type Hypothesis,
  type Impact,
  type ReportedContainer,
  type RuleOptions,
} from '../src/index.ts';
import { dump } from './dump.ts';
import { hypothesisLists } from './hypotheses.ts';
import { optionSets, play, sequences } from './play.ts';
import { happenForReal, hearWords, type Words } from './reality.ts';
import { SEED, seeded } from './seed.ts';

/** As many fleets are tried, each with hypotheses of its own. */
const FLEETS_COUNT = 10_000;

const met = new Map<string, number>();

afterAll(() => {
  const counts = [...met].sort().map(([what, count]) => `${count} ${what}`);
  console.log(`simulations: STATEMANAGER_SEED=${SEED} repeats this run; ${counts.join(', ')}`);
});

test('what a simulation says is what then really happens, and the view that is asked stays as it is', () => {
  const limits = fc.oneof({ weight: 9, arbitrary: fc.constant(1_000_000) }, { weight: 1, arbitrary: fc.nat(5) });
  fc.assert(
    fc.property(sequences, optionSets, limits, hypothesisLists, (sequence, usual, maxResourcesCount, hypotheses) => {
      const words = new Map<string, readonly ReportedContainer[]>();
      const view = play(sequence, usual, {
        after: ({ input, decision }) => {
          if (decision.accepted) hearWords(words, input);
        },
      });
      const before = dump(view);
      compareWithReality(view, words, hypotheses, { ...usual, maxResourcesCount });
      expect(dump(view)).toEqual(before);
    }),
    seeded(FLEETS_COUNT),
  );
  expect(met.get('compared') ?? 0).toBeGreaterThan(1000);
  expect(met.get('refused') ?? 0).toBeGreaterThan(10);
  for (const kind of RESOURCE_KINDS)
    if (kind !== 'scenario') expect(met.get(`${kind} impacts`) ?? 0).toBeGreaterThan(100);
  expect(met.get('reconciles') ?? 0).toBeGreaterThan(100);
});

function compareWithReality(view: Fleet, words: Words, hypotheses: readonly Hypothesis[], options: RuleOptions): void {
  const simulation = simulate(view, hypotheses, options, 1_000_000);
  const real = new Fleet(view);
  const rejection = happenForReal(real, words, hypotheses, options);
  note('compared');
  if ('accepted' in simulation || rejection !== undefined) {
    note('refused');
    expect(simulation).toMatchObject({ accepted: false, code: rejection?.code });
    return;
  }
  same(statesOf(simulation.fleet), statesOf(real));
  same(
    simulation.impacts.map(({ cause: _, ...impact }) => impact),
    differences(view, real),
  );
  same(simulation.reconciles, newIntents(view, real));
  for (const { kind, cause } of simulation.impacts) {
    note(`${kind} impacts`);
    expect(cause).not.toBe('');
  }
  for (const _ of simulation.reconciles) note('reconciles');
}

/** Compares cheaply; only a difference is worth the price of a good message. */
function same(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

function note(what: string): void {
  met.set(what, (met.get(what) ?? 0) + 1);
}

/**
 * All that a hypothesis can move: states and their rules, absences, doubts, containers' rules, and intents. How many
 * steps led there is not compared: graces that end together end in no particular order.
 */
function statesOf(fleet: Fleet): unknown {
  const records = RESOURCE_KINDS.flatMap((kind) =>
    [...fleet.names(kind)].sort().map((name) => {
      const { state = null, rule = '' } = fleet.record(kind, name) ?? {};
      return [kind, name, state, rule];
    }),
  );
  const models = [...fleet.names('model')].sort().map((name) => {
    const { missing, doubt, offload } = fleet.record('model', name) ?? {};
    return [name, missing, doubt, offload?.id, fleet.nodesOf(name), fleet.containerCounts(name)];
  });
  const nodes = [...fleet.names('node')].sort().map((name) => {
    return [name, (fleet.node(name)?.containers ?? []).map((o) => `${o.model}/${o.name} ${o.rule}`)];
  });
  return { records, models, nodes, intents: [...fleet.names('intent')].sort() };
}

function differences(before: Fleet, after: Fleet): Omit<Impact, 'cause'>[] {
  return RESOURCE_KINDS.flatMap((kind) =>
    [...new Set([...before.names(kind), ...after.names(kind)])].sort().flatMap((name) => {
      const from = before.record(kind, name)?.state ?? null;
      const to = after.record(kind, name)?.state ?? null;
      return from === to ? [] : [{ kind, name, from, to, rule: after.record(kind, name)?.rule ?? '' }];
    }),
  );
}

function newIntents(before: Fleet, after: Fleet): string[] {
  return [...after.names('intent')].filter((name) => after.intent(name)?.id !== before.intent(name)?.id).sort();
}
