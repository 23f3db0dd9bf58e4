import fc, { type Arbitrary } from 'fast-check';
import {
  formatState,
  RESOURCE_KINDS,
  STATES,
  type Fleet,
  type ReportedContainer,
  type ResourceKind,
} from '../src/index.ts';
import type { Happening } from './world.ts';

/** A small universe, so that everything meets everything. */
export const NODES = ['n1', 'n2', 'n3'];
export const MODELS = ['a', 'b', 'c', 'd', 'e'];
export const PACKAGES = ['p', 'q', 'r', 't'];
export const SCENARIOS = ['s', 'z'];

/** An input whose references to what is there (an intent, an episode) are looked up when its turn comes. */
export type Plan = (view: Fleet) => Happening;

const NAMES: Readonly<Record<ResourceKind, readonly string[]>> = {
  scenario: SCENARIOS,
  package: PACKAGES,
  model: MODELS,
};

const status = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('running', 'exited', 'paused') },
  { weight: 1, arbitrary: fc.constantFrom('', 'created', 'initialized', 'unknown', 'dead', 'stopped', 'restarting') },
);

const container: Arbitrary<ReportedContainer> = fc.record({
  model: fc.constantFrom(...MODELS),
  name: fc.constantFrom('x', 'y'),
  status,
  running: fc.boolean(),
  dead: fc.nat(15).map((n) => n === 0),
  oomKilled: fc.nat(7).map((n) => n === 0),
  exitCode: fc.constantFrom(undefined, 0, 0, 1, 143, NaN),
});

const reports = fc
  .record({
    node: fc.constantFrom(...NODES),
    containers: fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 4, arbitrary: fc.array(container, { maxLength: 6 }) },
    ),
  })
  .map((report): Plan => () => ({ type: 'report', ...report }));

/** Every container of one model the same, so that Error, Paused and Exited are reached often. */
const wholesale = fc
  .record({
    node: fc.constantFrom(...NODES),
    models: fc.subarray(MODELS, { minLength: 1 }),
    facts: container,
  })
  .map(({ node, models, facts }): Plan => () => ({
    type: 'report',
    node,
    containers: models.map((model) => ({ ...facts, model })),
  }));

const changes = fc.constantFrom(...RESOURCE_KINDS).chain((kind) => {
  const spelled = fc
    .tuple(fc.constantFrom(...STATES[kind]), fc.constantFrom('bare' as const, 'enum' as const))
    .map(([state, names]) => formatState(kind, state, names));
  const usually = <T>(right: Arbitrary<T>, ...wrong: T[]): Arbitrary<T> =>
    fc.oneof({ weight: 20, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
  return fc
    .record({
      name: usually<string>(fc.constantFrom(...NAMES[kind]), '', '-a'),
      currentState: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: spelled }),
      targetState: usually(spelled, '', 'nonsense'),
      transitionId: usually(
        fc.nat(40).map((n) => `t${n}`),
        '',
        'x'.repeat(254),
      ),
      stamped: usually(fc.constant(true), false),
      source: usually(fc.constantFrom('apiserver', 'filtergateway'), ''),
    })
    .map((request): Plan => () => ({ type: 'change', kind, ...request }));
});

const definitions = fc.oneof(
  fc
    .record({
      name: fc.constantFrom(...PACKAGES),
      models: fc.array(fc.constantFrom(...MODELS), { maxLength: 4 }),
      revision: fc.nat(5),
    })
    .map((d): Plan => () => ({ type: 'package-defined', ...d })),
  fc
    .record({
      name: fc.constantFrom(...SCENARIOS),
      target: fc.constantFrom('', ...PACKAGES),
      action: fc.constantFrom('launch', 'terminate'),
      revision: fc.nat(5),
    })
    .map((d): Plan => () => ({ type: 'scenario-defined', ...d })),
  fc.constantFrom(...PACKAGES).map((name): Plan => () => ({ type: 'package-undefined', name })),
  fc.constantFrom(...SCENARIOS).map((name): Plan => () => ({ type: 'scenario-undefined', name })),
);

const graces = fc.tuple(fc.constantFrom(...MODELS), fc.nat(3)).map(([model, old]): Plan => (view) => {
  const present = view.record('model', model)?.missing ?? 0;
  return { type: 'grace-over', model, episode: old === 0 ? present - 1 : present };
});

const offloads = fc.oneof(
  fc
    .record({
      model: fc.constantFrom(...MODELS),
      id: fc.constantFrom('o1', 'o2'),
      accepted: fc.boolean(),
      sourceNode: fc.constantFrom(...NODES),
      targetNode: fc.constantFrom(...NODES),
      detail: fc.constant('asked'),
      source: fc.constant('policymanager'),
    })
    .map((o): Plan => () => ({ type: 'offload-answered', ...o })),
  fc
    .record({ model: fc.constantFrom(...MODELS), id: fc.constantFrom('o1', 'o2') })
    .map((o): Plan => () => ({ type: 'offload-over', ...o })),
);

const reconciles = fc
  .record({
    packageName: fc.constantFrom(...PACKAGES),
    what: fc.constantFrom('attempt-started', 'attempt-ended', 'attempt-ended', 'backoff-over'),
    outcome: fc.constantFrom('accepted', 'refused', 'failed', 'unreachable'),
    stale: fc.nat(5).map((n) => n === 0),
  })
  .map(({ packageName, what, outcome, stale }): Plan => (view) => {
    const present =
      what === 'backoff-over' ? view.record('package', packageName)?.backoff?.intent : view.intent(packageName)?.id;
    const intent = stale ? `${packageName}/0` : (present ?? '');
    if (what === 'attempt-ended') return { type: what, packageName, intent, outcome, detail: '' };
    return { type: what, packageName, intent };
  });

const operators = fc.oneof(
  fc.constantFrom(...NODES).map((node): Plan => () => ({ type: 'node-forgotten', node, source: 'operator' })),
  fc
    .constantFrom(...RESOURCE_KINDS)
    .chain((kind) => fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...NAMES[kind]) }))
    .map((resource): Plan => () => ({ type: 'resource-deleted', ...resource, source: 'operator' })),
  fc
    .record({
      type: fc.constantFrom('reconcile-paused' as const, 'reconcile-resumed' as const),
      packageName: fc.constantFrom(...PACKAGES),
    })
    .map(
      (steered): Plan =>
        () =>
          steered,
    ),
);

const leading = fc.subarray(PACKAGES).map((packages): Plan => () => ({ type: 'leading', packages }));

/** Any input. */
export const plans: Arbitrary<Plan> = fc.oneof(
  { weight: 5, arbitrary: reports },
  { weight: 5, arbitrary: wholesale },
  { weight: 6, arbitrary: changes },
  { weight: 4, arbitrary: definitions },
  { weight: 3, arbitrary: graces },
  { weight: 2, arbitrary: offloads },
  { weight: 4, arbitrary: reconciles },
  { weight: 3, arbitrary: operators },
  { weight: 1, arbitrary: leading },
);
