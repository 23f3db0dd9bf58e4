import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { container } from '../kit/peer.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

let world: World;
let api: ApiPeer;

beforeAll(async () => {
  world = await startWorld(['--missing-grace-ms', '86400000']);
  await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(world.service.address);
});

afterAll(async () => {
  api.close();
  await world.stop();
});

describe('ForgetNode', () => {
  const forget = (name: string, source = ''): Promise<unknown> =>
    api.call('MaintenanceService/ForgetNode', { name, source });

  it('misses at once what only that node reported, whatever the grace, and its record goes', async () => {
    await api.apply(packageYaml('p', ['here', 'both']));
    await world.peer.report('old', [container('here', '/a', 'running'), container('both', '/b', 'running')]);
    await world.peer.report('new', [container('both', '/b', 'running')]);
    await world.peer.report('old', [container('both', '/b', 'running'), container('loose', '/c', 'running')]);
    expect(await api.get('model', 'here')).toMatchObject({ state: 'Running', model: { missing: true } });
    await world.peer.report('old', [container('here', '/a', 'running'), container('loose', '/c', 'running')]);

    await forget('old', 'me');
    expect(await world.etcd.get('/statemanager/node/old')).toBeUndefined();
    expect(await api.get('model', 'here')).toMatchObject({
      state: 'Dead',
      rule: 'model.missing',
      model: { missing: false, nodes: [] },
    });
    expect(await world.state('model', 'here')).toBe('Dead');
    expect(await api.get('model', 'both')).toMatchObject({ state: 'Running', model: { nodes: [{ node: 'new' }] } });
    expect(await api.get('package', 'p')).toMatchObject({ state: 'Degraded', source: 'me' });
    expect(await api.failure('StateService/GetResource', { kind: 'node', name: 'old' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await world.state('model', 'loose')).toBeUndefined();
    const [last] = (await api.call('StateService/ListTransitions', { kind: 'model', name: 'here' }))
      .transitions as object[];
    expect(last).toMatchObject({ to: 'Dead', source: 'me' });
  });

  it('is NOT_FOUND the second time', async () => {
    expect(await api.failure('MaintenanceService/ForgetNode', { name: 'old' })).toMatchObject({
      code: 'NOT_FOUND',
      details: 'node old is not known',
    });
  });

  it('does not keep the node from being known again', async () => {
    await world.peer.report('old', [container('here', '/a', 'running')]);
    expect(await api.get('node', 'old')).toMatchObject({ stale: false, node: { models: ['here'], confirmed: true } });
    expect(await api.get('package', 'p')).toMatchObject({ state: 'Running' });
    expect(await world.etcd.get('/statemanager/node/old')).toBeDefined();
  });

  it('is no more known after a restart', async () => {
    await forget('old');
    api.close();
    await world.crash();
    await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    api = connectApi(world.service.address);
    expect((await api.list({ kinds: ['node'] })).map(({ name }) => name)).toEqual(['new']);
    expect(await api.get('model', 'here')).toMatchObject({ state: 'Dead', source: 'operator', stale: false });
  });
});

describe('DeleteResource', () => {
  const remove = (kind: string, name: string): Promise<unknown> =>
    api.call('MaintenanceService/DeleteResource', { kind, name, source: 'me' });
  const failure = (kind: string, name: string): Promise<unknown> =>
    api.failure('MaintenanceService/DeleteResource', { kind, name });

  it.each([
    ['scenario', 'RESOURCE_TYPE_SCENARIO', 'waiting'],
    ['package', 'RESOURCE_TYPE_PACKAGE', 'paused'],
    ['model', 'RESOURCE_TYPE_MODEL', 'running'],
  ] as const)('removes a %s that only a request made', async (kind, resource_type, target_state) => {
    await world.peer.change({ resource_type, resource_name: 'asked', target_state });
    expect(await world.state(kind, 'asked')).toBeDefined();
    await remove(kind.toUpperCase(), 'asked');
    expect(await world.state(kind, 'asked')).toBeUndefined();
    expect(await api.failure('StateService/GetResource', { kind, name: 'asked' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure(kind, 'asked')).toMatchObject({ code: 'NOT_FOUND' });
    const { transitions } = await api.call('StateService/ListTransitions', { kind, name: 'asked' });
    expect(transitions).toMatchObject([{ to: '', rule: `${kind}.deleted`, source: 'me' }, { from: '' }]);
    await world.peer.change({ resource_type, resource_name: 'asked', target_state });
    expect(await api.get(kind, 'asked')).toMatchObject({ generation: '3' });
  });

  it('is refused while something else holds it, and says what', async () => {
    await api.apply(packageYaml('held', ['named']), scenarioYaml('defined', 'held'));
    await world.peer.report('holder', [container('reported', '/r', 'running')]);
    await world.peer.change({ resource_name: 'defined', target_state: 'idle' });
    await world.peer.change({ resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'named', target_state: 'running' });
    for (const [kind, name, holder] of [
      ['scenario', 'defined', 'its definition'],
      ['package', 'held', 'its definition'],
      ['model', 'named', 'the definition of package held'],
      ['model', 'reported', 'containers on holder'],
    ] as const) {
      const before = await world.state(kind, name);
      expect(await failure(kind, name)).toMatchObject({
        code: 'FAILED_PRECONDITION',
        details: `${kind} ${name} is held by ${holder}`,
      });
      expect(await world.state(kind, name)).toBe(before);
    }
  });

  it('works once what held it is gone', async () => {
    await api.call('DefinitionService/DeleteDefinition', { kind: 'Package', name: 'held' });
    await remove('model', 'named');
    expect(await world.state('model', 'named')).toBeUndefined();
  });

  it('is NOT_FOUND where nothing has a state', async () => {
    expect(await failure('model', 'nobody')).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('knows no nodes', async () => {
    expect(await failure('node', 'new')).toMatchObject({
      code: 'INVALID_ARGUMENT',
      problems: [{ field: 'kind', allowed_values: ['scenario', 'package', 'model'] }],
    });
  });
});
