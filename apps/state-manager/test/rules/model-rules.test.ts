import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { container } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

/** A container in Podman's words for each container state. */
const SAID: Readonly<Record<string, [status: string, exitCode?: number]>> = {
  Dead: ['exited', 1],
  Paused: ['paused'],
  Exited: ['exited'],
  Running: ['running'],
  Initialized: ['initialized'],
  Created: ['created'],
  Unknown: ['unknown'],
};

/** The containers of a model, the rule that must decide, and whether the model must say that it is in doubt. */
const ROWS: readonly [containers: readonly string[], rule: string, doubt: boolean][] = [
  [['Dead'], 'model.dead', false],
  [['Dead', 'Running', 'Running'], 'model.dead', false],
  [['Paused', 'Exited', 'Dead'], 'model.dead', false],
  [['Unknown', 'Dead'], 'model.dead', false],
  [['Paused'], 'model.paused', false],
  [['Paused', 'Paused', 'Paused'], 'model.paused', false],
  [['Exited'], 'model.exited', false],
  [['Exited', 'Exited'], 'model.exited', false],
  [['Running'], 'model.running', false],
  [['Running', 'Paused'], 'model.running', false],
  [['Running', 'Exited'], 'model.running', false],
  [['Paused', 'Exited'], 'model.running', false],
  [['Created'], 'model.running', false],
  [['Initialized', 'Exited'], 'model.running', false],
  [['Unknown', 'Running'], 'model.running', false],
  [['Unknown'], 'model.running', true],
  [['Unknown', 'Paused', 'Paused'], 'model.running', true],
  [['Exited', 'Unknown'], 'model.running', true],
];

const STATES: Readonly<Record<string, string>> = {
  'model.dead': 'Dead',
  'model.paused': 'Paused',
  'model.exited': 'Exited',
  'model.running': 'Running',
};

describe('model rules, through the wire', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld(['--missing-grace-ms', '0'])));
  afterAll(() => world.stop());

  const said = (model: string, states: readonly string[]): ReturnType<typeof container>[] =>
    states.map((state, i) => {
      const [status, exitCode = 0] = SAID[state] as [string, number?];
      return container(model, `${model}-${i}`, status, { exitCode });
    });

  it.each(ROWS.map(([containers, rule, doubt], i) => ({ i, containers, rule, doubt })))(
    '$containers: $rule, in doubt $doubt',
    async ({ i, containers, rule, doubt }) => {
      const model = `rule-${i}`;
      await world.peer.report(`node-${i}`, said(model, containers));
      expect(await world.state('model', model)).toBe(STATES[rule]);
      const record = await world.record('model', model);
      expect(record.rule).toBe(rule);
      expect(String(record.cause).includes('in doubt')).toBe(doubt);
    },
  );

  it.each(
    ROWS.filter(([containers]) => containers.length > 1).map(([containers, rule], i) => ({ i, containers, rule })),
  )('$containers on two nodes count together: $rule', async ({ i, containers, rule }) => {
    const model = `spread-${i}`;
    const [first, ...rest] = said(model, containers);
    await world.peer.report(`left-${i}`, [first ?? {}]);
    await world.peer.report(`right-${i}`, rest);
    expect(await world.state('model', model)).toBe(STATES[rule]);
    expect((await world.record('model', model)).rule).toBe(rule);
  });

  it('is Created, and has no key, while it is only named', async () => {
    await world.define('named', ['only-named']);
    expect(await world.state('model', 'only-named')).toBeUndefined();
    const asCreated = await world.peer.change({
      resource_type: 'RESOURCE_TYPE_MODEL',
      resource_name: 'only-named',
      current_state: 'created',
      target_state: 'paused',
    });
    expect(asCreated).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
    expect(await world.state('model', 'only-named')).toBe('Paused');
  });

  it('is missing once no node reports it, unless it was Exited then', async () => {
    await world.define('kept', ['crashes-away', 'ends-away']);
    await world.peer.report('kept-1', [...said('crashes-away', ['Running']), ...said('ends-away', ['Exited'])]);
    await world.peer.report('kept-1', []);
    expect(await world.state('model', 'crashes-away')).toBe('Dead');
    expect((await world.record('model', 'crashes-away')).rule).toBe('model.missing');
    expect(await world.state('model', 'ends-away')).toBe('Exited');
    expect((await world.record('model', 'ends-away')).rule).toBe('model.exited');
  });

  it('takes a node’s report as the whole truth about that node, and as nothing about another', async () => {
    await world.peer.report('a', said('both', ['Running']));
    await world.peer.report('b', said('both', ['Dead']));
    expect(await world.state('model', 'both')).toBe('Dead');
    await world.peer.report('c', []);
    expect(await world.state('model', 'both')).toBe('Dead');
    await world.peer.report('b', []);
    expect(await world.state('model', 'both')).toBe('Running');
    await world.peer.report('a', said('both', ['Paused']));
    expect(await world.state('model', 'both')).toBe('Paused');
  });
});
