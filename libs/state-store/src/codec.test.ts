import { describe, expect, it } from 'vitest';
import type {
  Intent,
  ModelRecord,
  NodeRecord,
  PackageRecord,
  ScenarioRecord,
  Transition,
} from '@statemanager/state-machine';
import {
  decodeIntent,
  decodeNode,
  decodeRecord,
  decodeState,
  decodeTransition,
  encodeIntent,
  encodeNode,
  encodeRecord,
  encodeTransition,
} from './codec.ts';
import { UnreadableValueError } from './document.ts';

const common = { since: 1_700_000_000_000, rule: 'r', cause: 'c', source: 's', generation: 7 };

const model: ModelRecord = {
  ...common,
  state: 'Dead',
  applied: [{ id: 'x', target: 'Running' }],
  missing: 2,
  episodes: 2,
  doubt: true,
  offload: { id: 'o', targetNode: 'n2' },
  noted: 8,
};
const pack: PackageRecord = {
  ...common,
  state: 'Error',
  applied: [],
  definition: { revision: 9, models: ['a', 'constructor'] },
  backoff: { attempts: 3, intent: 'p/7' },
  reconcilePaused: true,
};
const scenario: ScenarioRecord = {
  ...common,
  state: null,
  applied: [],
  removed: true,
  definition: { revision: 1, target: 'p', action: 'update' },
};
const node: NodeRecord = {
  observedAt: 5,
  containers: [
    { model: 'a', name: 'x', rule: 'container.dead', exitCode: 137, oomKilled: true, since: 3 },
    { model: 'a', name: 'y', rule: 'container.dead', oomKilled: true, since: 4 },
    { model: 'constructor', name: 'z', rule: 'container.running', since: 5 },
  ],
};
const intent: Intent = { id: 'p/7', since: 3, attempts: 1, lastAttempt: { at: 4, outcome: 'refused', detail: 'no' } };
const transition: Transition = {
  kind: 'model',
  name: 'a',
  from: null,
  to: 'Running',
  at: 1,
  rule: 'model.running',
  cause: 'c',
  source: 'node/n1',
  transitionId: 't',
  generation: 1,
};

describe('records', () => {
  it('survive being written and read', () => {
    expect(decodeRecord('model', 'k', encodeRecord<'model'>(model))).toEqual(model);
    expect(decodeRecord('package', 'k', encodeRecord<'package'>(pack))).toEqual(pack);
    expect(decodeRecord('scenario', 'k', encodeRecord<'scenario'>(scenario))).toEqual(scenario);
    expect(decodeNode('k', encodeNode(node))).toEqual(node);
    expect(decodeIntent('k', encodeIntent(intent))).toEqual(intent);
    expect(decodeTransition('model', 'a', 'k', encodeTransition(transition))).toEqual(transition);
  });

  it('leave unknown fields of another release aside', () => {
    const newer = JSON.stringify({ ...(JSON.parse(encodeIntent(intent)) as object), colour: 'red' });
    expect(decodeIntent('k', newer)).toEqual(intent);
  });

  it.each([
    ['no JSON', 'Running'],
    ['no object', '[1]'],
    ['a newer version', JSON.stringify({ ...(JSON.parse(encodeRecord<'model'>(model)) as object), v: 2 })],
    [
      'a field of the wrong type',
      JSON.stringify({ ...(JSON.parse(encodeRecord<'model'>(model)) as object), since: 'x' }),
    ],
    [
      'another kind’s state',
      JSON.stringify({ ...(JSON.parse(encodeRecord<'model'>(model)) as object), state: 'Error' }),
    ],
  ])('are refused by key: %s', (_what, value) => {
    expect(() => decodeRecord('model', '/statemanager/record/model/a', value)).toThrow(UnreadableValueError);
    expect(() => decodeRecord('model', '/statemanager/record/model/a', value)).toThrow('/statemanager/record/model/a');
  });
});

describe('states', () => {
  it.each(['Running', 'running', 'PACKAGE_STATE_RUNNING', 'package_state_running\n'])('are read as %j', (text) => {
    expect(decodeState('package', '/package/p/state', text)).toBe('Running');
  });

  it.each(['', 'Runing', 'PACKAGE_STATE_UNSPECIFIED', 'MODEL_STATE_RUNNING'])('are never guessed from %j', (text) => {
    expect(() => decodeState('package', '/package/p/state', text)).toThrow('/package/p/state');
  });
});
