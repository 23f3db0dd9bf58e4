import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { container, type ChangeAnswer } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

const SUCCESS = { error_code: 'ERROR_CODE_SUCCESS', error_details: '' };

describe('a change request, step by step', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld()));
  afterAll(() => world.stop());

  const scenario = (name: string, target: string, more: object = {}): Promise<ChangeAnswer> =>
    world.peer.change({ resource_name: name, target_state: target, ...more });
  const model = (name: string, target: string, more: object = {}): Promise<ChangeAnswer> =>
    scenario(name, target, { resource_type: 'RESOURCE_TYPE_MODEL', ...more });
  const pkg = (name: string, target: string, more: object = {}): Promise<ChangeAnswer> =>
    scenario(name, target, { resource_type: 'RESOURCE_TYPE_PACKAGE', ...more });

  it('1: is checked before anything else, even where the state is the target already', async () => {
    await scenario('checked', 'idle');
    const answer = await scenario('checked', 'idle', { source: '', current_state: 'waiting' });
    expect(answer.error_code).toBe('ERROR_CODE_INVALID_REQUEST');
    expect(answer.error_details).toContain('source');
  });

  it('2: repeats the answer to the same id, resource and target, whatever happened since', async () => {
    const first = { transition_id: 'once', current_state: 'idle' };
    expect(await scenario('repeated', 'waiting', first)).toMatchObject({ ...SUCCESS, transition_id: 'once' });
    await scenario('repeated', 'satisfied');
    const before = await world.etcd.dump();
    expect(await scenario('repeated', 'waiting', first)).toMatchObject({ ...SUCCESS, transition_id: 'once' });
    expect(await world.etcd.dump()).toEqual(before);
    expect(await world.state('scenario', 'repeated')).toBe('Satisfied');
  });

  it('2: takes the same id for another target as another request', async () => {
    await scenario('retargeted', 'waiting', { transition_id: 'two-faced' });
    expect(await scenario('retargeted', 'satisfied', { transition_id: 'two-faced' })).toMatchObject(SUCCESS);
    expect(await world.state('scenario', 'retargeted')).toBe('Satisfied');
  });

  it('2: remembers the last 32 of a resource, across a kill', async () => {
    await scenario('long', 'waiting', { transition_id: 'forgotten' });
    await scenario('long', 'idle', { transition_id: 'kept-0' });
    for (let i = 1; i < 32; i += 1) {
      await scenario('long', i % 2 === 0 ? 'idle' : 'waiting', { transition_id: `kept-${i}` });
    }
    await world.crash();
    const before = await world.etcd.dump();
    expect(await scenario('long', 'idle', { transition_id: 'kept-0' })).toMatchObject(SUCCESS);
    const relevant = (dump: readonly string[]): readonly string[] => dump.filter((line) => line.includes('/long'));
    expect(relevant(await world.etcd.dump())).toEqual(relevant(before));
    // The 33rd from the end is not remembered: now it is an ordinary request, and it does something.
    await scenario('long', 'idle');
    expect(await scenario('long', 'waiting', { transition_id: 'forgotten' })).toMatchObject(SUCCESS);
    expect(await world.state('scenario', 'long')).toBe('Waiting');
  });

  it('2: does not remember a refusal', async () => {
    const asked = { transition_id: 'too-early' };
    expect((await scenario('refused', 'satisfied', asked)).error_code).toBe('ERROR_CODE_INVALID_STATE_TRANSITION');
    await scenario('refused', 'waiting');
    expect(await scenario('refused', 'satisfied', asked)).toMatchObject(SUCCESS);
  });

  it('3: is a success that changes nothing when the state is the target already, whatever current_state says', async () => {
    await pkg('already', 'paused');
    const before = await world.etcd.dump();
    expect(await pkg('already', 'PAUSED', { current_state: 'running' })).toMatchObject(SUCCESS);
    expect(await world.etcd.dump()).toEqual(before);
  });

  it('4: is refused when current_state is not the stored state, which the answer names', async () => {
    await scenario('moved', 'waiting');
    const answer = await scenario('moved', 'satisfied', { current_state: 'idle' });
    expect(answer.error_code).toBe('ERROR_CODE_PRECONDITION_FAILED');
    expect(answer.error_details).toContain('Waiting');
    expect(answer.error_details).toContain('current_state');
    expect(await world.state('scenario', 'moved')).toBe('Waiting');
  });

  it('4: comes before the scenario table', async () => {
    await scenario('ordered', 'waiting');
    const answer = await scenario('ordered', 'completed', { current_state: 'allowed' });
    expect(answer.error_code).toBe('ERROR_CODE_PRECONDITION_FAILED');
  });

  it.each([
    ['RESOURCE_TYPE_SCENARIO', 'scenario', 'SCENARIO_STATE_IDLE', 'waiting'],
    ['RESOURCE_TYPE_PACKAGE', 'package', 'idle', 'running'],
    ['RESOURCE_TYPE_MODEL', 'model', 'CREATED', 'running'],
  ] as const)('4: an absent resource of %s counts as its first state', async (resource_type, kind, current, target) => {
    const request = { resource_type, resource_name: 'absent-one', target_state: target };
    const refused = await world.peer.change({ ...request, current_state: 'paused' });
    expect(refused.error_code).toBe('ERROR_CODE_PRECONDITION_FAILED');
    expect(await world.state(kind, 'absent-one')).toBeUndefined();
    expect(await world.peer.change({ ...request, current_state: current })).toMatchObject(SUCCESS);
    expect((await world.state(kind, 'absent-one'))?.toLowerCase()).toBe(target);
  });

  it('5: a model cascades as if observed, and holds until a report changes what a node says of it', async () => {
    await world.define('cascading', ['asked-for']);
    const running = [container('asked-for', 'c', 'running')];
    await world.peer.report('n1', running);
    expect(await model('asked-for', 'dead', { source: 'operator' })).toMatchObject(SUCCESS);
    expect(await world.state('model', 'asked-for')).toBe('Dead');
    expect(await world.state('package', 'cascading')).toBe('Error');
    expect(await world.record('model', 'asked-for')).toMatchObject({ rule: 'model.requested', source: 'operator' });
    await world.peer.report('n1', running);
    await world.peer.report('n1', [...running, container('another', 'd', 'running')]);
    expect(await world.state('model', 'asked-for')).toBe('Dead');
    await world.peer.report('n1', [container('asked-for', 'c', 'running'), container('asked-for', 'c2', 'running')]);
    expect(await world.state('model', 'asked-for')).toBe('Running');
    expect(await world.state('package', 'cascading')).toBe('Running');
  });

  it('5: a package is stored as asked, and holds across a kill until its next evaluation', async () => {
    await world.define('by-hand', ['by-hand-1']);
    await world.peer.report('n2', [container('by-hand-1', 'c', 'running')]);
    expect(await pkg('by-hand', 'degraded', { source: 'operator' })).toMatchObject(SUCCESS);
    await world.crash();
    await world.peer.report('n2', [container('by-hand-1', 'c', 'running')]);
    expect(await world.state('package', 'by-hand')).toBe('Degraded');
    expect((await world.record('package', 'by-hand')).source).toBe('operator');
    await world.peer.report('n2', [container('by-hand-1', 'c', 'paused')]);
    expect(await world.state('package', 'by-hand')).toBe('Paused');
  });

  it('5: a model and a package may be set before their definition arrives', async () => {
    expect(await model('ahead-1', 'paused')).toMatchObject(SUCCESS);
    expect(await pkg('ahead', 'running')).toMatchObject(SUCCESS);
    await world.define('ahead', ['ahead-1']);
    expect(await world.state('package', 'ahead')).toBe('Paused');
  });

  it('6: is answered when everything that follows is in the store', async () => {
    await world.define('durable', ['durable-1']);
    for (const [target, state] of [
      ['dead', 'Error'],
      ['running', 'Running'],
      ['exited', 'Exited'],
    ] as const) {
      const { timestamp_ns } = await model('durable-1', target);
      expect(await world.state('package', 'durable')).toBe(state);
      expect(BigInt(timestamp_ns)).toBeGreaterThan(0n);
    }
  });
});
