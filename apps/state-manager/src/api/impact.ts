import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import {
  CONTAINER_STATES,
  MAX_NAME_LENGTH,
  parseState,
  simulate,
  STATES,
  type Fleet,
  type Hypothesis,
  type Impact,
  type RuleOptions,
} from '@statemanager/state-machine';
import { parseDefinition } from '../definitions/parse-definition.ts';
import { findTarget } from '../reconcile/target.ts';
import { FieldError } from '../read/field-error.ts';
import { readName } from '../read/filter.ts';
import type { ReadModel } from '../read/read-model.ts';
import { rejected } from './errors.ts';
import { presentOf, viewOf } from './present.ts';

const MAX_HYPOTHESES_COUNT = 100;
const MAX_RANKED_COUNT = 1000;

/** Nodes that are tried in one go before others get their turn. */
const RANKED_AT_ONCE_COUNT = 50;

/** What would follow from hypotheses, by the same rules. Nothing is written. */
export async function impactOf(
  { model, rules }: { readonly model: ReadModel; readonly rules: RuleOptions },
  request: v1.SimulateImpactRequest,
): Promise<v1.SimulateImpactResponse> {
  if (request.hypotheses.length > MAX_HYPOTHESES_COUNT) {
    throw new FieldError('hypotheses', `must be at most ${MAX_HYPOTHESES_COUNT}`);
  }
  if (request.rankNodes < 0 || request.rankNodes > MAX_RANKED_COUNT) {
    throw new FieldError('rank_nodes', `must be from 0 to ${MAX_RANKED_COUNT}`);
  }
  const { revision } = presentOf(model);
  const view = viewOf(model);
  const hypotheses = request.hypotheses.map((hypothesis, i) => readHypothesis(view, hypothesis, `hypotheses[${i}]`));
  const simulation = simulate(view, hypotheses, rules, Date.now());
  if ('accepted' in simulation) throw rejected(simulation);
  const { impacts, reconciles, fleet } = simulation;
  const response = create(v1.SimulateImpactResponseSchema, {
    changes: impacts.map(describeImpact),
    reconciles: reconciles.map((name) => reconcileOf(fleet, name)),
    revision: BigInt(revision),
  });
  if (request.rankNodes > 0) response.ranking = await rankNodes(model, rules, request.rankNodes);
  return response;
}

/** A state that would change, as the API shows it. */
export function describeImpact({ from, to, ...same }: Impact): v1.ImpactChange {
  return create(v1.ImpactChangeSchema, { ...same, from: from ?? '', to: to ?? '' });
}

function reconcileOf(fleet: Fleet, packageName: string): v1.ImpactReconcile {
  const target = findTarget(fleet, packageName);
  return create(v1.ImpactReconcileSchema, {
    package: packageName,
    scenario: target.type === 'ask' ? target.scenarioName : '',
    waitsBecause: target.type === 'wait' ? target.why : '',
  });
}

function readHypothesis(view: Fleet, { what }: v1.Hypothesis, field: string): Hypothesis {
  switch (what.case) {
    case 'nodeLost': {
      const node = readName(what.value, `${field}.node_lost`);
      if (view.node(node) === undefined) throw new FieldError(`${field}.node_lost`, `node ${node} is not known`);
      return { type: 'node-lost', node };
    }
    case 'model': {
      const state = parseState('model', what.value.state);
      if (state === undefined) throw new FieldError(`${field}.model.state`, 'is no state of a model', STATES.model);
      return { type: 'model', name: readName(what.value.name, `${field}.model.name`), state };
    }
    case 'container': {
      const { node, model, name, state: text } = what.value;
      const state = CONTAINER_STATES.find((known) => known.toLowerCase() === text.toLowerCase());
      const at = `${field}.container`;
      if (state === undefined) throw new FieldError(`${at}.state`, 'is no state of a container', CONTAINER_STATES);
      if (name === '' || name.length > MAX_NAME_LENGTH) {
        throw new FieldError(`${at}.name`, `must be 1-${MAX_NAME_LENGTH} characters`);
      }
      return {
        type: 'container',
        node: readName(node, `${at}.node`),
        model: readName(model, `${at}.model`),
        name,
        state,
      };
    }
    case 'definition':
      return readDefinition(what.value, `${field}.definition`);
    case undefined:
      throw new FieldError(field, 'says nothing', ['node_lost', 'model', 'container', 'definition']);
  }
}

/** A document as a hypothesis. */
export function readDefinition(yaml: string, field: string): Hypothesis {
  let definition;
  try {
    definition = parseDefinition(yaml);
  } catch (error) {
    throw new FieldError(field, (error as Error).message);
  }
  if (definition.kind === 'Package')
    return { type: 'package-defined', name: definition.name, models: definition.models };
  if (definition.kind === 'Scenario') {
    const { name, target, action } = definition;
    return { type: 'scenario-defined', name, target, action };
  }
  throw new FieldError(field, 'is of a kind that decides nothing', ['Package', 'Scenario']);
}

/** The nodes whose loss would hurt most. Others get their turn in between; each node is judged by the view of its turn. */
async function rankNodes(model: ReadModel, rules: RuleOptions, count: number): Promise<v1.NodeImpact[]> {
  const ranking: v1.NodeImpact[] = [];
  const nodes = [...viewOf(model).names('node')];
  for (const [i, node] of nodes.entries()) {
    if (i % RANKED_AT_ONCE_COUNT === RANKED_AT_ONCE_COUNT - 1) await yieldToOthers();
    const simulation = simulate(viewOf(model), [{ type: 'node-lost', node }], rules, 0);
    if (!('accepted' in simulation)) ranking.push(nodeImpact(node, simulation.impacts));
  }
  return ranking.sort(byHurt).slice(0, count);
}

function nodeImpact(node: string, impacts: readonly Impact[]): v1.NodeImpact {
  const count = (kind: string, to: string): number => impacts.filter((i) => i.kind === kind && i.to === to).length;
  return create(v1.NodeImpactSchema, {
    node,
    packagesError: count('package', 'Error'),
    packagesDegraded: count('package', 'Degraded'),
    modelsDead: count('model', 'Dead'),
  });
}

function byHurt(a: v1.NodeImpact, b: v1.NodeImpact): number {
  return (
    b.packagesError - a.packagesError ||
    b.packagesDegraded - a.packagesDegraded ||
    b.modelsDead - a.modelsDead ||
    (a.node < b.node ? -1 : 1)
  );
}
