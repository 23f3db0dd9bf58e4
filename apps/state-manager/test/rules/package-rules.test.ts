import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { container } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

/** The states of a package's models (`absent` is only named), and the rule that must decide. */
const ROWS: readonly [models: readonly string[], rule: string, state: string][] = [
  [[], 'package.idle', 'Idle'],
  [['absent'], 'package.idle', 'Idle'],
  [['absent', 'absent'], 'package.idle', 'Idle'],
  [['Dead'], 'package.error', 'Error'],
  [['Dead', 'Dead', 'Dead'], 'package.error', 'Error'],
  [['Dead', 'Running'], 'package.degraded', 'Degraded'],
  [['Dead', 'Dead', 'Paused'], 'package.degraded', 'Degraded'],
  [['Exited', 'Dead'], 'package.degraded', 'Degraded'],
  [['Dead', 'Created'], 'package.degraded', 'Degraded'],
  [['Dead', 'absent'], 'package.degraded', 'Degraded'],
  [['Paused'], 'package.paused', 'Paused'],
  [['Paused', 'Paused'], 'package.paused', 'Paused'],
  [['Exited'], 'package.exited', 'Exited'],
  [['Exited', 'Exited'], 'package.exited', 'Exited'],
  [['Running', 'Running'], 'package.running', 'Running'],
  [['Running', 'absent'], 'package.running', 'Running'],
  [['Paused', 'Exited'], 'package.running', 'Running'],
  [['Paused', 'absent'], 'package.running', 'Running'],
  [['Exited', 'Created'], 'package.running', 'Running'],
  [['Created', 'Created'], 'package.running', 'Running'],
];

const SAID: Readonly<Record<string, [status: string, exitCode: number]>> = {
  Dead: ['exited', 137],
  Paused: ['paused', 0],
  Exited: ['exited', 0],
  Running: ['running', 0],
};

describe('package rules, through the wire', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  const bring = async (node: string, models: Readonly<Record<string, string>>): Promise<void> => {
    const observed = Object.entries(models).filter(([, state]) => state in SAID);
    for (const [model, state] of Object.entries(models)) {
      if (state === 'Created') await setModel(model, 'Created');
    }
    await world.peer.report(
      node,
      observed.map(([model, state]) => {
        const [status, exitCode] = SAID[state] as [string, number];
        return container(model, `${model}-0`, status, { exitCode });
      }),
    );
  };
  const setModel = async (model: string, state: string): Promise<void> => {
    const request = { resource_type: 'RESOURCE_TYPE_MODEL', resource_name: model, target_state: state };
    expect(await world.peer.change(request)).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
  };

  it.each(ROWS.map(([states, rule, state], i) => ({ i, states, rule, state })))(
    '$states: $rule, $state',
    async ({ i, states, rule, state }) => {
      const name = `row-${i}`;
      const models = Object.fromEntries(states.map((modelState, m) => [`${name}-${m}`, modelState]));
      await world.define(name, Object.keys(models));
      await bring(`node-${i}`, models);
      expect(await world.state('package', name)).toBe(state);
      expect((await world.record('package', name)).rule).toBe(rule);
      for (const [model, modelState] of Object.entries(models)) {
        expect(await world.state('model', model)).toBe(modelState === 'absent' ? undefined : modelState);
      }
    },
  );

  it('moves every package that names the model, in the commit that moves the model', async () => {
    await world.define('sharer-1', ['shared']);
    await world.define('sharer-2', ['shared', 'other']);
    await bring('shared-node', { shared: 'Dead', other: 'Running' });
    expect(await world.state('package', 'sharer-1')).toBe('Error');
    expect(await world.state('package', 'sharer-2')).toBe('Degraded');
    const revisions = (await world.etcd.dump())
      .filter((line) => /^\/(model\/shared|package\/sharer-[12])\/state /.test(line))
      .map((line) => line.split(' ')[1]?.split('/')[1]);
    expect(revisions).toHaveLength(3);
    expect(new Set(revisions).size).toBe(1);
  });

  it('is evaluated from the models that are there when its definition appears, and again when it changes', async () => {
    await bring('early-node', { 'early-1': 'Dead', 'early-2': 'Running' });
    await world.define('late', ['early-1']);
    expect(await world.state('package', 'late')).toBe('Error');
    await world.define('late', ['early-1', 'early-2']);
    expect(await world.state('package', 'late')).toBe('Degraded');
    await world.define('late', ['early-2']);
    expect(await world.state('package', 'late')).toBe('Running');
    await world.define('late', []);
    expect(await world.state('package', 'late')).toBe('Idle');
  });

  it('asks for a reconcile in Error, and by default not in Degraded', async () => {
    await world.define('asks', ['asks-1', 'asks-2']);
    await bring('asks-node', { 'asks-1': 'Dead', 'asks-2': 'Running' });
    expect(await world.etcd.get('/statemanager/reconcile/asks')).toBeUndefined();
    await bring('asks-node', { 'asks-1': 'Dead', 'asks-2': 'Dead' });
    expect(await world.etcd.get('/statemanager/reconcile/asks')).toContain('"id":"asks/');
    await bring('asks-node', { 'asks-1': 'Running', 'asks-2': 'Dead' });
    expect(await world.etcd.get('/statemanager/reconcile/asks')).toBeUndefined();
  });
});
