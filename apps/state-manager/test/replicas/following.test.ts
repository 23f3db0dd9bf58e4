import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../kit/api-peer.ts';
import { accept, refuseFailed } from '../kit/controller.ts';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { startReplicas, type Replica, type Replicas } from '../kit/fleet-of-replicas.ts';
import { connectWatcher } from '../watch/watch-client.ts';

let replicas: Replicas;
let leader: Replica;
let follower: Replica;

beforeAll(async () => {
  replicas = await startReplicas(2);
  leader = await replicas.leader();
  follower = replicas.other(leader);
});

afterAll(() => replicas.stop());

beforeEach(() => {
  replicas.controller.behave(accept);
});

describe('a replica that does not lead', () => {
  it('forwards reports and changes, and answers what the leader answers', async () => {
    await replicas.define('p1', ['m1']);
    const exited = [container('m1', 'c1', 'exited', { exitCode: 137 })];
    expect(await follower.peer.report('n1', exited)).toEqual({ resp: 'node n1: 2 transitions' });
    expect(await follower.peer.report('n1', exited)).toEqual({ resp: 'node n1: unchanged' });
    expect(await leader.peer.report('n1', exited)).toEqual({ resp: 'node n1: unchanged' });
    expect(await replicas.etcd.get('/model/m1/state')).toBe('Dead');
    const change = { resource_name: 's1', target_state: 'idle', transition_id: 'twice' };
    const answer = await follower.peer.change(change);
    expect(answer).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS', transition_id: 'twice' });
    expect(await leader.peer.change(change)).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
    expect(await follower.peer.change({ resource_name: 's1', target_state: 'nowhere' })).toMatchObject({
      error_code: 'ERROR_CODE_INVALID_REQUEST',
    });
  });

  it('has ActionController asked once for an offload', async () => {
    const asked = { model_name: 'm1', source_node: 'n1', target_node: 'n2', package_name: 'p1', scenario_name: 's1' };
    const before = replicas.controller.of('OffloadModel').length;
    expect(await follower.peer.offload(asked)).toMatchObject({ accepted: true, transition_id: 'ac-1' });
    expect(replicas.controller.of('OffloadModel')).toHaveLength(before + 1);
  });

  it('shows what the leader shows', async () => {
    await replicas.define('p2', ['m2']);
    await leader.peer.report('n2', [container('m2', 'c2', 'running')]);
    const facts = ({ kind, name, state, revision, rule, cause }: Message): Message => ({
      ...{ kind, name, state, revision, rule, cause },
    });
    await eventually(async () => {
      const [there, here] = [await leader.api.list(), await follower.api.list()];
      expect(here.length).toBeGreaterThan(3);
      expect(here.map(facts)).toEqual(there.map(facts));
    });
    const explained = await follower.api.call('StateService/ExplainResource', { kind: 'model', name: 'm2' });
    expect(JSON.stringify(explained)).toContain('c2');
    const asked = { kind: 'model', name: 'm2' };
    const { transitions } = await follower.api.call('StateService/ListTransitions', asked);
    expect(transitions).toHaveLength(1);
  });

  it('shows what it was asked to change as soon as it has answered', async () => {
    const yaml = 'kind: Package\nmetadata:\n  name: p3\nspec:\n  models:\n    - name: m3\n';
    expect(await follower.api.apply(yaml)).toMatchObject({ definitions: [{ action: 'created' }] });
    expect(await follower.api.get('package', 'p3')).toMatchObject({ state: 'Idle' });
    await follower.api.call('DefinitionService/DeleteDefinition', { kind: 'Package', name: 'p3' });
    expect(await follower.api.failure('StateService/GetResource', { kind: 'package', name: 'p3' })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('knows which nodes the leader has heard, also those that say nothing new', async () => {
    await replicas.define('p7', ['m7']);
    await leader.peer.report('n7', [container('m7', 'c7', 'running')]);
    const later = await replicas.start('r3');
    await leader.peer.report('n7', [container('m7', 'c7', 'running')]);
    await eventually(async () => {
      expect(await later.api.get('node', 'n7')).toMatchObject({ node: { confirmed: true } });
      expect(await later.api.get('package', 'p7')).toMatchObject({ state: 'Running', stale: false });
    }, 3000);
    await replicas.end(later, 'SIGTERM');
  });

  it('tells its watches of every change, with its transitions, once', async () => {
    const watcher = connectWatcher(follower.service.address);
    const watch = watcher.watch({ kinds: ['model'], name_prefix: 'w' }, '0');
    await watch.next(({ message }) => message === 'snapshot');
    for (const status of ['running', 'exited', 'running'])
      await leader.peer.report('n-w', [container('w', 'w', status)]);
    await watch.next(
      ({ changes }) => changes?.events.some(({ transition }) => transition?.generation === '3') ?? false,
    );
    const moves = watch.messages.flatMap(({ changes }) => changes?.events ?? []);
    expect(moves.flatMap(({ transition }) => (transition ? [transition.to] : []))).toEqual([
      'Running',
      'Exited',
      'Running',
    ]);
    watcher.close();
  });

  it.each<[string, Message]>([
    ['ReconcileService/PauseReconcile', { package: 'p1' }],
    ['ReconcileService/ResumeReconcile', { package: 'p1' }],
  ])('has the leader answer %s', async (method, request) => {
    expect(await follower.api.call(method, request)).toEqual(await leader.api.call(method, request));
  });

  it('knows from the leader when a reconcile is tried next', async () => {
    // Not while an attempt runs.
    await eventually(async () => {
      const { intents } = await follower.api.call('ReconcileService/ListIntents');
      expect(intents).toMatchObject([{ package: 'p1', next_attempt_at: { seconds: expect.any(String) as string } }]);
    });
  });

  it('has the leader retry a reconcile, forget a node and delete a resource', async () => {
    replicas.controller.behave(refuseFailed);
    await replicas.define('p4', ['m4']);
    await leader.peer.report('n4', [container('m4', 'c4', 'exited', { exitCode: 1 })]);
    const calls = (): number =>
      replicas.controller.of('Reconcile').filter((c) => c.request.scenario_name === 'p4').length;
    // A retry leaves an attempt alone that runs.
    await eventually(async () => {
      const { intents } = await follower.api.call('ReconcileService/ListIntents');
      const intent = (intents as readonly Message[]).find((one) => one.package === 'p4');
      expect(intent).toMatchObject({ last_attempt: { outcome: 'refused' }, waits_because: '' });
    });
    const before = calls();
    await follower.api.call('ReconcileService/RetryReconcile', { package: 'p4' });
    await eventually(() => expect(calls()).toBeGreaterThan(before), 900);
    await leader.peer.report('n5', [container('m5', 'c5', 'running')]);
    expect(await follower.api.call('MaintenanceService/ForgetNode', { name: 'n5' })).toEqual({});
    expect(await follower.api.failure('MaintenanceService/ForgetNode', { name: 'n5' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    const change = { resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'm6', target_state: 'running' };
    await follower.peer.change(change);
    const deleted = { kind: 'model', name: 'm6' };
    expect(await follower.api.call('MaintenanceService/DeleteResource', deleted)).toEqual({});
  });

  it('says what is wrong with a request', async () => {
    expect(await follower.api.failure('StateService/GetResource', { kind: 'pod' })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(follower.peer.report('', [])).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
  });

  it('never forwards what was forwarded', async () => {
    const metadata = { 'statemanager-forwarded-by': 'another' };
    const change = { resource_type: 1, resource_name: 's9', target_state: 'idle', transition_id: 'l', timestamp_ns: 1 };
    const failed = await follower.peer.call('SendStateChange', change, 5000, metadata).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: grpc.status.UNAVAILABLE, details: 'this StateManager does not lead' });
    expect((failed as grpc.ServiceError).metadata.get('statemanager-not-leading')).toEqual(['1']);
    const report = { node_name: 'n9', containers: [] };
    await expect(follower.peer.call('SendChangedContainerList', report, 5000, metadata)).rejects.toMatchObject({
      details: 'this StateManager does not lead',
    });
    expect(await replicas.etcd.get('/statemanager/node/n9')).toBeUndefined();
    expect(await leader.peer.call('SendStateChange', { ...change, source: 'x' }, 5000, metadata)).toMatchObject({
      error_code: 'ERROR_CODE_SUCCESS',
    });
  });
});

describe('while the leader does not answer', () => {
  afterEach(() => leader.service.signal('SIGCONT'));

  it('a forwarded call ends at its caller’s deadline', async () => {
    leader.service.signal('SIGSTOP');
    const began = performance.now();
    await expect(follower.peer.change({ resource_name: 's', target_state: 'idle' }, 300)).rejects.toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
    });
    expect(performance.now() - began).toBeLessThan(800);
  });
});
