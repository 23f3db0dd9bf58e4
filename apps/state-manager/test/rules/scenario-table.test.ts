import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeAnswer } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

const STATES = ['Idle', 'Waiting', 'Satisfied', 'Allowed', 'Denied', 'Completed'] as const;

/** What may follow what, as the table says; `any` to Idle is added to each. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  absent: ['Idle', 'Waiting'],
  Idle: ['Waiting'],
  Waiting: ['Satisfied', 'Idle'],
  Satisfied: ['Allowed', 'Denied', 'Idle'],
  Allowed: ['Completed', 'Idle'],
  Denied: ['Idle'],
  Completed: ['Idle'],
};

/** The way to each state. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  absent: [],
  Idle: ['Idle'],
  Waiting: ['Idle', 'Waiting'],
  Satisfied: ['Waiting', 'Satisfied'],
  Allowed: ['Waiting', 'Satisfied', 'Allowed'],
  Denied: ['Waiting', 'Satisfied', 'Denied'],
  Completed: ['Waiting', 'Satisfied', 'Allowed', 'Completed'],
};

const PAIRS = Object.keys(NEXT).flatMap((from) => STATES.map((to) => ({ from, to })));

describe('the scenario table, through the wire', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  const ask = (name: string, target: string, more: object = {}): Promise<ChangeAnswer> =>
    world.peer.change({ resource_name: name, target_state: target, ...more });

  const bringTo = async (name: string, state: string): Promise<void> => {
    for (const step of PATHS[state] ?? []) expect((await ask(name, step)).error_code).toBe('ERROR_CODE_SUCCESS');
  };

  it.each(PAIRS)('$from to $to', async ({ from, to }) => {
    const name = `${from}-${to}`.toLowerCase();
    await bringTo(name, from);
    const before = await world.etcd.dump();
    const answer = await ask(name, to);
    if (from === to) {
      expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
      expect(await world.etcd.dump()).toEqual(before);
    } else if (NEXT[from]?.includes(to)) {
      expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
      expect(await world.state('scenario', name)).toBe(to);
    } else {
      expect(answer.error_code).toBe('ERROR_CODE_INVALID_STATE_TRANSITION');
      for (const allowed of NEXT[from] ?? []) expect(answer.error_details).toContain(allowed);
      expect(await world.etcd.dump()).toEqual(before);
    }
  });

  it('reads a state in any case, with or without the prefix of its enum', async () => {
    const spellings = ['idle', 'WAITING', 'SCENARIO_STATE_SATISFIED', 'scenario_state_allowed', 'CoMpLeTeD'];
    for (const spelling of spellings) {
      expect((await ask('spelled', spelling)).error_code).toBe('ERROR_CODE_SUCCESS');
    }
    expect(await world.state('scenario', 'spelled')).toBe('Completed');
  });

  it('takes a matching sample again and again, with fresh ids, as FilterGateway sends it', async () => {
    await bringTo('sampled', 'Waiting');
    const sample = { current_state: 'waiting', source: 'filtergateway' };
    expect((await ask('sampled', 'satisfied', sample)).error_code).toBe('ERROR_CODE_SUCCESS');
    const before = await world.etcd.dump();
    for (let i = 0; i < 3; i += 1) {
      expect((await ask('sampled', 'satisfied', sample)).error_code).toBe('ERROR_CODE_SUCCESS');
    }
    expect(await world.etcd.dump()).toEqual(before);
  });

  it('says of a new scenario that it is idle as ApiServer does: creation is a transition', async () => {
    const answer = await ask('created', 'idle', { current_state: '', source: 'apiserver' });
    expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
    expect(await world.state('scenario', 'created')).toBe('Idle');
    expect(await world.record('scenario', 'created')).toMatchObject({ generation: 1, source: 'apiserver' });
  });
});
