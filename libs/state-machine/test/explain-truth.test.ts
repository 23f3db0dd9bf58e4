import { afterAll, expect, test } from 'vitest';
import {
  CONTAINER_STATES,
  containerStateOf,
  DEFAULT_RULE_OPTIONS,
  explain,
  MODEL_STATES,
  SCENARIO_STATES,
  simulate,
  type ContainerRuleId,
  type Explanation,
  type Fleet,
  type Hypothesis,
  type ResourceKind,
  type RuleOptions,
} from '../src/index.ts';
import { MODELS, NODES, PACKAGES, SCENARIOS } from './inputs.ts';
import { naiveScenario } from './naive-rules.ts';
import { holds, play } from './play.ts';
import { SEED } from './seed.ts';

const met = new Map<string, number>();
const note = (what: string): void => void met.set(what, (met.get(what) ?? 0) + 1);

afterAll(() => {
  const counts = [...met].sort().map(([what, count]) => `${count} ${what}`);
  console.log(`explanations: STATEMANAGER_SEED=${SEED} repeats this run; ${counts.join(', ')}`);
});

/** The containers of a model as `<node>/<name>`, each with its rule. */
function containersOf(
  view: Fleet,
  model: string,
): { name: string; node: string; inner: string; rule: ContainerRuleId }[] {
  return NODES.flatMap((node) =>
    (view.node(node)?.containers ?? [])
      .filter((o) => o.model === model)
      .map((o) => ({ name: `${node}/${o.name}`, node, inner: o.name, rule: o.rule })),
  );
}

const namesOf = (all: readonly { readonly name: string }[]): string[] => all.map(({ name }) => name).sort();

test('an explanation says what the records say, and rests on exactly what decides', () => {
  holds(1500, (sequence, options) => {
    const view = play(sequence, options);
    for (const name of PACKAGES) checkPackage(view, name, explain(view, 'package', name));
    for (const name of MODELS) {
      const isKnown = stateOf(view, 'model', name) !== null || view.packagesOf(name).length > 0;
      const explanation = explain(view, 'model', name);
      expect(explanation !== undefined).toBe(isKnown);
      if (explanation !== undefined) checkModel(view, explanation);
    }
  });
  for (const what of ['package Error', 'package Degraded', 'package requested', 'model Dead', 'model only named']) {
    expect(met.get(what) ?? 0, what).toBeGreaterThan(20);
  }
});

function checkPackage(view: Fleet, name: string, explanation: Explanation | undefined): void {
  const record = view.record('package', name);
  if (record === undefined || record.state === null) return expect(explanation).toBeUndefined();
  if (explanation === undefined) return expect.fail(`package ${name} has a state and no explanation`);
  const { state, rule, since } = record;
  expect(explanation).toMatchObject({ kind: 'package', name, state, rule, since });
  for (const child of explanation.because) checkModel(view, child);
  const models = record.definition?.models ?? [];
  if (rule === 'package.requested') {
    note('package requested');
    return expect(explanation.because).toEqual([]);
  }
  const dead = models.filter((model) => stateOf(view, 'model', model) === 'Dead');
  const restsOnTheDead = state === 'Error' || state === 'Degraded';
  if (restsOnTheDead) note(`package ${state}`);
  expect(namesOf(explanation.because)).toEqual((restsOnTheDead ? dead : [...models]).sort());
}

function checkModel(view: Fleet, explanation: Explanation): void {
  const { name, because } = explanation;
  const record = view.record('model', name);
  if (record === undefined || record.state === null) {
    note('model only named');
    const named = { kind: 'model', state: 'Created', rule: 'model.created', since: 0, because: [], wouldChange: [] };
    return expect(explanation).toMatchObject(named);
  }
  const { state, rule, since } = record;
  expect(explanation).toMatchObject({ kind: 'model', name, state, rule, since });
  const all = containersOf(view, name);
  const decisive = rule === 'model.dead' ? all.filter((c) => containerStateOf(c.rule) === 'Dead') : all;
  if (rule === 'model.dead') note('model Dead');
  expect(namesOf(because)).toEqual(namesOf(decisive));
  for (const child of because) {
    const rules = all.filter((c) => c.name === child.name).map((c) => c.rule);
    expect(rules).toContain(child.rule);
    expect(containerStateOf(child.rule as Parameters<typeof containerStateOf>[0])).toBe(child.state);
  }
}

test('every what-if of a package is true, and no single change of a model that moves it is missing', () => {
  holds(800, (sequence, options) => {
    const view = play(sequence, options);
    for (const name of PACKAGES) {
      const explanation = explain(view, 'package', name);
      if (explanation === undefined) continue;
      const models = view.record('package', name)?.definition?.models ?? [];
      const changes = models.flatMap((model) =>
        MODEL_STATES.filter((state) => state !== stateOf(view, 'model', model)).map((state) => ({
          child: model,
          becoming: state,
          hypothesis: { type: 'model', name: model, state } as const,
        })),
      );
      checkWhatIfs(view, explanation, changes, options);
    }
  });
  expect(met.get('changes that move a package') ?? 0).toBeGreaterThan(200);
  expect(met.get('changes that leave a package') ?? 0).toBeGreaterThan(200);
});

test('every what-if of a model is true, and no single change of a container that moves it is missing', () => {
  holds(800, (sequence, options) => {
    const view = play(sequence, options);
    for (const name of MODELS) {
      const explanation = explain(view, 'model', name);
      const all = containersOf(view, name);
      // A hypothesis names one container: of twins it cannot mean one of the two.
      const hasTwins = new Set(namesOf(all)).size < all.length;
      if (explanation === undefined || hasTwins) continue;
      const changes = all.flatMap(({ name: child, node, inner, rule }) =>
        CONTAINER_STATES.filter((state) => `container.${state.toLowerCase()}` !== rule).map((state) => ({
          child,
          becoming: state,
          hypothesis: { type: 'container', node, model: name, name: inner, state } as const,
        })),
      );
      checkWhatIfs(view, explanation, changes, options);
    }
  });
  expect(met.get('changes that move a model') ?? 0).toBeGreaterThan(200);
  expect(met.get('changes that leave a model') ?? 0).toBeGreaterThan(200);
});

interface Change {
  readonly child: string;
  readonly becoming: string;
  readonly hypothesis: Hypothesis;
}

function checkWhatIfs(view: Fleet, explanation: Explanation, changes: readonly Change[], options: RuleOptions): void {
  const { name, state, wouldChange } = explanation;
  const kind = explanation.kind as ResourceKind;
  const confirmed = new Set<string>();
  for (const { child, becoming, hypothesis } of changes) {
    const simulation = simulate(view, [hypothesis], options, 1_000_000);
    if ('accepted' in simulation) return expect.fail(simulation.details);
    const then = simulation.fleet.record(kind, name);
    const covering = wouldChange.filter((w) => w.anyOf.includes(child) && comprises(w.becoming, becoming));
    const moves = then?.state !== state;
    note(`changes that ${moves ? 'move' : 'leave'} a ${kind}`);
    expect(covering, `${child} becoming ${becoming}`).toMatchObject(
      moves ? [{ gives: then?.state, rule: then?.rule }] : [],
    );
    for (const whatIf of covering) confirmed.add(JSON.stringify([whatIf.anyOf, whatIf.becoming, whatIf.gives]));
  }
  expect(wouldChange.map((w) => JSON.stringify([w.anyOf, w.becoming, w.gives])).sort()).toEqual([...confirmed].sort());
  const children = new Set(changes.map(({ child }) => child));
  for (const { anyOf, gives, text } of wouldChange) {
    expect(anyOf.filter((child) => !children.has(child))).toEqual([]);
    expect(text).toContain(anyOf[0]);
    expect(text).toContain(`gives ${gives}`);
  }
}

function comprises(becoming: string, state: string): boolean {
  return becoming === 'any other state' || becoming.split(' or ').includes(state);
}

test('the what-ifs of a scenario are exactly the transitions that the rules allow', () => {
  holds(300, (sequence) => {
    const view = play(sequence, DEFAULT_RULE_OPTIONS);
    for (const name of SCENARIOS) {
      const explanation = explain(view, 'scenario', name);
      const record = view.record('scenario', name);
      const isKnown = record !== undefined && (record.state !== null || record.definition !== undefined);
      expect(explanation !== undefined).toBe(isKnown);
      if (explanation === undefined || record === undefined) continue;
      expect(explanation).toMatchObject({ state: record.state ?? '', since: record.since, because: [] });
      const allowed = SCENARIO_STATES.filter((to) => to !== record.state && naiveScenario(record.state, to));
      expect(explanation.wouldChange.map(({ gives }) => gives).sort()).toEqual(allowed.sort());
      note('scenarios');
    }
  });
  expect(met.get('scenarios') ?? 0).toBeGreaterThan(20);
});

function stateOf(view: Fleet, kind: ResourceKind, name: string): string | null {
  return view.record(kind, name)?.state ?? null;
}
