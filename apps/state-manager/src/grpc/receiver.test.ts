import { create } from '@bufbuild/protobuf';
import { Code, createClient, createRouterTransport, type Client } from '@connectrpc/connect';
import { ActionClientError } from '@statemanager/action-client';
import { monitoringserver, statemanager } from '@statemanager/proto';
import { DEFAULT_RULE_OPTIONS } from '@statemanager/state-machine';
import { StoreError, openMemoryStore, stateKey } from '@statemanager/state-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANDIDATE, ScriptedStore, createForwarder, createManager, recordLog } from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/eventually.ts';
import type { Manager, ManagerOptions } from '../manager.ts';
import { MisnamedContainers } from './misnamed-containers.ts';
import { LastWays } from '../replicas/last-ways.ts';
import { receive } from './receiver.ts';
import { Wakefulness } from './wakefulness.ts';
import type { Sender } from './sender.ts';

const { ErrorCode, ResourceType, StateManagerConnection } = statemanager;

describe('the receiver', () => {
  let store: ScriptedStore;
  let manager: Manager;
  let client: Client<typeof StateManagerConnection>;
  let offload: Sender['offload'];
  const recorded = recordLog();

  beforeEach(() => {
    recorded.lines.length = 0;
    store = new ScriptedStore(openMemoryStore());
    offload = () => Promise.resolve({ success: true, message: 'moving', transitionId: 'ac-1' });
  });

  afterEach(async () => {
    await manager.stop(100);
    await store.close();
  });

  function start(options: Partial<ManagerOptions> = {}): void {
    manager = createManager(store, recorded.log, options);
    const sender = { offload: (...args: Parameters<Sender['offload']>) => offload(...args) } as Sender;
    const transport = createRouterTransport((router) =>
      receive(router, {
        manager,
        sender,
        forwarder: createForwarder(manager),
        maxContainersCount: 3,
        misnamed: new MisnamedContainers(recorded.log),
        ways: new LastWays(),
        awake: new Wakefulness(),
        log: recorded.log,
      }),
    );
    client = createClient(StateManagerConnection, transport);
    manager.start(CANDIDATE);
  }

  const change = (parts: object = {}): Parameters<typeof client.sendStateChange>[0] => ({
    resourceType: ResourceType.SCENARIO,
    resourceName: 's',
    targetState: 'idle',
    transitionId: 't-1',
    timestampNs: 1n,
    source: 'apiserver',
    ...parts,
  });

  const container = (model: string, Status: string): Omit<monitoringserver.ContainerInfo, '$typeName'> => ({
    ...create(monitoringserver.ContainerInfoSchema, { names: [`/${model}-1`] }),
    annotation: { model },
    state: { Status },
  });

  it('applies a change and answers with its id, once it is stored', async () => {
    start();
    const answer = await client.sendStateChange(change());
    expect(answer).toMatchObject({ errorCode: ErrorCode.SUCCESS, transitionId: 't-1', errorDetails: '' });
    expect(answer.timestampNs > 0n).toBe(true);
    expect((await store.get(stateKey('scenario', 's')))?.value).toBe('Idle');
  });

  it.each([
    ['a kind without states', { resourceType: ResourceType.NODE }, ErrorCode.INVALID_REQUEST, /resource_type/],
    ['no kind', { resourceType: ResourceType.UNSPECIFIED }, ErrorCode.INVALID_REQUEST, /resource_type/],
    ['an unknown kind', { resourceType: 99 as statemanager.ResourceType }, ErrorCode.INVALID_REQUEST, /resource_type/],
    ['no name', { resourceName: '' }, ErrorCode.INVALID_REQUEST, /resource_name/],
    ['a state of another kind', { targetState: 'PACKAGE_STATE_IDLE' }, ErrorCode.INVALID_REQUEST, /target_state/],
    ['no timestamp', { timestampNs: 0n }, ErrorCode.INVALID_REQUEST, /timestamp_ns/],
    ['a negative timestamp', { timestampNs: -1n }, ErrorCode.INVALID_REQUEST, /timestamp_ns/],
    ['no source', { source: '' }, ErrorCode.INVALID_REQUEST, /source/],
    ['a transition that is not allowed', { targetState: 'allowed' }, ErrorCode.INVALID_STATE_TRANSITION, /Idle/],
    ['another current state', { currentState: 'waiting' }, ErrorCode.PRECONDITION_FAILED, /current_state/],
  ])('refuses %s with a code and a reason, as an answer', async (_, parts, errorCode, reason) => {
    start();
    const answer = await client.sendStateChange(change(parts));
    expect(answer.errorCode).toBe(errorCode);
    expect(answer.errorDetails).toMatch(reason);
    expect((await store.getAllWithPrefix('/scenario/')).entries).toEqual([]);
  });

  it('answers that there is no room for more resources', async () => {
    start({ rules: { ...DEFAULT_RULE_OPTIONS, maxResourcesCount: 1 } });
    await client.sendStateChange(change());
    const answer = await client.sendStateChange(change({ resourceName: 'other' }));
    expect(answer.errorCode).toBe(ErrorCode.RESOURCE_UNAVAILABLE);
    const containers = [container('a', 'running'), container('b', 'running')];
    await expect(client.sendChangedContainerList({ nodeName: 'n1', containers })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });

  it('takes a report, and logs a container that names no model by a name once', async () => {
    start();
    const containers = [container('m', 'running'), container('no name', 'running')];
    const answer = await client.sendChangedContainerList({ nodeName: 'n1', containers });
    expect(answer.resp).toBe('node n1: 1 transition');
    await client.sendChangedContainerList({ nodeName: 'n1', containers });
    expect((await store.get(stateKey('model', 'm')))?.value).toBe('Running');
    expect(recorded.said('container names a model by something that is no name; it is left out')).toHaveLength(1);
  });

  it('refuses a report with a bad node name, or of too many containers', async () => {
    start();
    await expect(client.sendChangedContainerList({ nodeName: '' })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining('node_name') as string,
    });
    const containers = Array.from({ length: 4 }, () => container('m', 'running'));
    await expect(client.sendChangedContainerList({ nodeName: 'n1', containers })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });

  it('says UNAVAILABLE in time while the store is away, and stores the report when it is back', async () => {
    start({ answerWithinMs: 100 });
    await client.sendStateChange(change());
    store.always = () => Promise.reject(new StoreError('unavailable', 'it is away'));
    const report = { nodeName: 'n1', containers: [container('m', 'running')] };
    await expect(client.sendChangedContainerList(report)).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(client.sendStateChange(change({ resourceName: 'other' }))).rejects.toMatchObject({
      code: Code.Unavailable,
    });
    store.always = (apply) => apply();
    await eventually(async () => expect((await store.get(stateKey('model', 'm')))?.value).toBe('Running'));
    expect(await store.get(stateKey('scenario', 'other'))).toBeUndefined();
  });

  it.each([
    [{ maxQueueCount: 0 }, Code.ResourceExhausted],
    [{}, Code.Unavailable],
  ])('maps what the engine refuses: %j', async (options, code) => {
    start(options);
    if (code === Code.Unavailable) await manager.stop(100);
    await expect(client.sendStateChange(change())).rejects.toMatchObject({ code });
  });

  it('does not know the legacy action', async () => {
    start();
    await expect(client.sendAction({ action: 'x' })).rejects.toMatchObject({ code: Code.Unimplemented });
  });

  const wanted = { scenarioName: 's', packageName: 'p', modelName: 'm', sourceNode: 'n1', targetNode: 'n2' };

  async function history(): Promise<string> {
    const { entries } = await store.getAllWithPrefix('/statemanager/history/model/m/');
    return entries.map(({ value }) => value).join('\n');
  }

  it('forwards an offload, answers what was said, and notes it', async () => {
    start();
    const answer = await client.triggerOffloading({ ...wanted, policyName: 'load', reason: 'hot' });
    expect(answer).toMatchObject({ accepted: true, message: 'moving', transitionId: 'ac-1' });
    expect(await history()).toMatch(/offload from n1 to n2 \(policy load, hot\); ActionController accepted: moving/);
  });

  it('answers a refused offload as an answer, with an id of our own, and notes it too', async () => {
    offload = () => Promise.reject(new ActionClientError('refused', 'no room on n2'));
    start();
    const answer = await client.triggerOffloading(wanted);
    expect(answer).toMatchObject({ accepted: false, message: 'no room on n2' });
    expect(answer.transitionId).not.toBe('');
    expect(await history()).toMatch(/ActionController refused: no room on n2/);
  });

  it('refuses a bad offload without asking anybody', async () => {
    offload = () => Promise.reject(new Error('it was asked'));
    start();
    const answer = await client.triggerOffloading({ ...wanted, targetNode: 'n1' });
    expect(answer).toMatchObject({ accepted: false, message: expect.stringContaining('target_node') as string });
    expect(await history()).toBe('');
  });

  it.each([
    ['unreachable', Code.Unavailable],
    ['interrupted', Code.Unavailable],
    ['closed', Code.Unavailable],
    ['deadline_exceeded', Code.DeadlineExceeded],
    ['cancelled', Code.Canceled],
  ] as const)('passes on that ActionController is %s as an error of the call', async (code, grpcCode) => {
    offload = () => Promise.reject(new ActionClientError(code, 'no'));
    start();
    await expect(client.triggerOffloading(wanted)).rejects.toMatchObject({ code: grpcCode });
    expect(await history()).toBe('');
  });
});
