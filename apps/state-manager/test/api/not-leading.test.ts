import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml, startWorld, type World } from '../kit/world.ts';

describe('a process that does not lead', () => {
  let leader: World;
  let standby: StateManagerProcess;
  let api: ApiPeer;

  beforeAll(async () => {
    leader = await startWorld();
    await leader.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    await leader.define('p', ['m']);
    const flags = { store: leader.etcd.storeUrl, id: 'standby', 'answer-within-ms': '300', 'lease-ttl-seconds': '1' };
    standby = await startStateManager(Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]));
    api = connectApi(standby.address);
  });

  afterAll(async () => {
    api.close();
    await standby.kill();
    await leader.stop();
  });

  const READS: readonly (readonly [string, Message])[] = [
    ['StateService/GetResource', { kind: 'package', name: 'p' }],
    ['StateService/ListResources', {}],
    ['StateService/ListTransitions', {}],
    ['StateService/ListTransitions', { kind: 'package', name: 'p' }],
    ['StateService/ExplainResource', { kind: 'package', name: 'p' }],
    ['StateService/SimulateImpact', { rank_nodes: 1 }],
    ['ReconcileService/ListIntents', {}],
    ['ReconcileService/RetryReconcile', { package: 'p' }],
    ['DefinitionService/ApplyDefinitions', { yaml: packageYaml('p', []) }],
    ['DefinitionService/ApplyDefinitions', { yaml: packageYaml('p', []), dry_run: true }],
    ['DefinitionService/DeleteDefinition', { kind: 'Package', name: 'p' }],
  ];

  it.each(READS)('answers %s with UNAVAILABLE, at once, and changes nothing', async (method, request) => {
    const before = await leader.etcd.get('Package/p');
    expect(await api.failure(method, request)).toMatchObject({
      code: 'UNAVAILABLE',
      details: 'this StateManager does not lead; try again',
    });
    expect(await leader.etcd.get('Package/p')).toBe(before);
  });

  it.each<[string, Message]>([
    ['ReconcileService/PauseReconcile', { package: 'p' }],
    ['ReconcileService/ResumeReconcile', { package: 'p' }],
    ['MaintenanceService/ForgetNode', { name: 'n' }],
    ['MaintenanceService/DeleteResource', { kind: 'model', name: 'm' }],
  ])('lets %s wait for the leadership, and withdraws it in time', async (method, request) => {
    expect(await api.failure(method, request)).toMatchObject({
      code: 'UNAVAILABLE',
      details: expect.stringMatching(/300 ms.*nothing was changed/) as string,
    });
  });

  it('says what is wrong with a request all the same', async () => {
    expect(await api.failure('StateService/GetResource', { kind: 'pod' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('answers as soon as it leads', async () => {
    await leader.service.stop();
    await eventually(async () => {
      expect(await api.get('package', 'p')).toMatchObject({ state: 'Idle', package: { models: [{ name: 'm' }] } });
    });
    expect(await api.apply(packageYaml('p', ['m', 'more']))).toMatchObject({ definitions: [{ action: 'changed' }] });
    expect(await api.call('ReconcileService/PauseReconcile', { package: 'p' })).toEqual({});
  });
});
