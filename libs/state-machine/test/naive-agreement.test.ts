import { expect, test } from 'vitest';
import { CONTAINER_RULES, MODEL_RULES, PACKAGE_RULES, RESOURCE_KINDS, type Fleet } from '../src/index.ts';
import { MODELS, NODES, PACKAGES } from './inputs.ts';
import { NaiveFleet } from './naive-fleet.ts';
import { holds, play, type Step } from './play.ts';
import { SEED } from './seed.ts';

const MOST_ROUNDS = 4;

console.log(`naive agreement: STATEMANAGER_SEED=${SEED} repeats this run`);

test('after every step of any sequence, a naive model of the rules agrees on everything', () => {
  const seen = new Set<string>();
  const unseen = (): readonly string[] => whatThereIsToSee().filter((what) => !seen.has(what));
  const agree: Parameters<typeof holds>[1] = (sequence, options) => {
    const naive = new NaiveFleet(options);
    const after = (step: Step): void => {
      const { view, input, decision } = step;
      note(seen, step);
      expect(decision.accepted ? 'accepted' : decision.code).toBe(naive.follow(input));
      const known = summarize(view);
      const expected = naive.summarize();
      if (JSON.stringify(known) !== JSON.stringify(expected)) expect(known).toEqual(expected);
    };
    play(sequence, options, { after });
  };
  // A thousand sequences show all there is, nearly always; if something rare is missing, more of them are played.
  for (let round = 0; round === 0 || (round < MOST_ROUNDS && unseen().length > 0); round += 1)
    holds(1000, agree, round);
  expect(unseen()).toEqual([]);
});

/** What the naive model has an opinion about, in the form of its own summary. */
function summarize(view: Fleet): unknown {
  const resources = RESOURCE_KINDS.flatMap((kind) =>
    [...view.names(kind)].sort().map((name) => {
      const { state = null, generation = 0, applied = [] } = view.record(kind, name) ?? {};
      return [`${kind} ${name}`, state, generation, applied.map(({ id, target }) => `${id} ${target}`)];
    }),
  );
  return {
    resources: resources.filter(([, , generation]) => generation !== 0),
    models: MODELS.map((name) => {
      const { missing, doubt, offload } = view.record('model', name) ?? {};
      return [missing, doubt ?? false, offload?.id, offload?.targetNode];
    }),
    packages: PACKAGES.map((name) => {
      const { id, attempts } = view.intent(name) ?? {};
      const { backoff, reconcilePaused } = view.record('package', name) ?? {};
      return [id, attempts, backoff?.intent, backoff?.attempts, reconcilePaused ?? false];
    }),
    counts: [...RESOURCE_KINDS, 'node' as const].map((kind) => view.count(kind)),
  };
}

/** Notes which rules and outcomes a run has met, so that a generator that misses some is noticed. */
function note(seen: Set<string>, { view, input, decision }: Step): void {
  seen.add(`${input.type} ${decision.accepted ? 'accepted' : decision.code}`);
  if (decision.accepted) for (const { kind, rule } of decision.transitions) seen.add(`${kind} moves by ${rule}`);
  for (const name of NODES) for (const { rule } of view.node(name)?.containers ?? []) seen.add(rule);
}

function whatThereIsToSee(): string[] {
  const models = MODEL_RULES.map(({ id }) => `model moves by ${id}`).filter((what) => !what.endsWith('model.created'));
  const codes = ['accepted', 'invalid_request', 'precondition_failed', 'invalid_state_transition'];
  return [
    // Silence is no report: it has tests of its own.
    ...CONTAINER_RULES.map(({ id }) => id).filter((id) => id !== 'container.silent'),
    ...models,
    ...PACKAGE_RULES.map(({ id }) => `package moves by ${id}`),
    ...RESOURCE_KINDS.flatMap((kind) =>
      ['requested', 'removed', 'deleted'].map((rule) => `${kind} moves by ${kind}.${rule}`),
    ),
    ...['model moves by model.offload-accepted', 'model moves by model.offload-refused'],
    ...codes.map((code) => `change ${code}`),
    ...['grace-over accepted', 'backoff-over accepted', 'leading accepted'],
    ...['node-forgotten', 'resource-deleted', 'reconcile-paused', 'reconcile-resumed'].flatMap((type) => [
      `${type} accepted`,
      `${type} resource_not_found`,
    ]),
    'resource-deleted precondition_failed',
    ...['attempt-started', 'attempt-ended'].flatMap((type) => [`${type} accepted`, `${type} precondition_failed`]),
  ];
}
