import { Code, ConnectError } from '@connectrpc/connect';
import { actioncontroller } from '@statemanager/proto';
import { expect, test } from 'vitest';
import { ActionClientError } from '../src/index.ts';
import type { PodStatusName } from '../src/index.ts';
import { hang } from './controller.ts';
import { client, controller, failure, proxy, quick, repair, until } from './harness.ts';

const { PodStatus, NetworkStatus } = actioncontroller;

test('all four methods carry their fields and answers', async () => {
  const peer = await controller();
  const caller = client(peer.url);
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(await caller.triggerAction({ scenarioName: 's' })).toEqual({ desc: 'did TriggerAction' });
  const offload = { scenarioName: 's', packageName: 'p', modelName: 'm', sourceNode: 'a', targetNode: 'b' };
  expect(await caller.offloadModel({ ...offload, policyName: 'y', reason: 'hot' })).toEqual({
    success: true,
    message: 'did OffloadModel',
    transitionId: 't-1',
  });
  const setting = { requestId: 'r', networkStatus: 'TIMEOUT', podStatus: 'INIT', details: 'd' } as const;
  expect(await caller.completeNetworkSetting(setting)).toEqual({ acknowledged: true });
  expect(peer.calls.map(({ request }) => request)).toMatchObject([
    { scenarioName: 'helloworld', current: PodStatus.FAILED, desired: PodStatus.RUNNING },
    { scenarioName: 's' },
    { ...offload, policyName: 'y', reason: 'hot' },
    { requestId: 'r', networkStatus: NetworkStatus.TIMEOUT, podStatus: PodStatus.INIT, details: 'd' },
  ]);
  expect(peer.connectionsCount).toBe(1);
});

test('"no" to an offload or a network setting is an answer, not an error', async () => {
  const peer = await controller(() => Promise.resolve({ status: 1, desc: 'node full' }));
  const caller = client(peer.url);
  const names = { scenarioName: 's', packageName: 'p', modelName: 'm', sourceNode: 'a', targetNode: 'b' };
  const answer = await caller.offloadModel({ ...names, policyName: 'y', reason: '' });
  expect(answer).toMatchObject({ success: false, message: 'node full' });
  const setting = { requestId: 'r', networkStatus: 'OK', podStatus: 'NONE', details: '' } as const;
  expect(await caller.completeNetworkSetting(setting)).toEqual({ acknowledged: false });
});

test('a gRPC error is a refusal with its code and text', async () => {
  const peer = await controller(() => Promise.reject(new ConnectError('scenario is gone', Code.Internal)));
  const error = await failure(client(peer.url, { retry: quick }).reconcile(repair));
  expect(error).toBeInstanceOf(ActionClientError);
  expect(error).toMatchObject({ code: 'refused', grpcCode: 'INTERNAL', text: 'scenario is gone', status: undefined });
  expect(error.message).toContain('refused Reconcile with INTERNAL: scenario is gone');
  expect(error.cause).toBeInstanceOf(ConnectError);
  expect(peer.calls).toHaveLength(1);
});

test('a status other than 0 is a refusal with its status and text', async () => {
  const peer = await controller(() => Promise.resolve({ status: 7, desc: 'unknown scenario' }));
  const caller = client(peer.url, { retry: quick });
  const error = await failure(caller.reconcile(repair));
  expect(error).toMatchObject({ code: 'refused', status: 7, text: 'unknown scenario', grpcCode: undefined });
  expect(await failure(caller.triggerAction({ scenarioName: 's' }))).toMatchObject({ code: 'refused', status: 7 });
  expect(peer.calls).toHaveLength(2);
});

test('UNAVAILABLE that the peer itself answered is a refusal, not an unreachable peer', async () => {
  const peer = await controller(() => Promise.reject(new ConnectError('starting', Code.Unavailable)));
  const error = await failure(client(peer.url).reconcile(repair));
  expect(error).toMatchObject({ code: 'refused', grpcCode: 'UNAVAILABLE', text: 'starting' });
});

test('an answer that is too large is a refusal that is not repeated', async () => {
  const peer = await controller(() => Promise.resolve({ status: 0, desc: 'x'.repeat(2 * 1024 * 1024) }));
  const error = await failure(client(peer.url, { retry: quick }).reconcile(repair));
  expect(error).toMatchObject({ code: 'refused', grpcCode: 'INTERNAL' });
  expect(peer.calls).toHaveLength(1);
});

test('a call that hangs ends at its deadline, and the peer learns of it', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { deadlineMs: 60_000 });
  await caller.reach();
  const error = await failure(caller.reconcile(repair, { deadlineMs: 200 }));
  expect(error).toMatchObject({ code: 'deadline_exceeded' });
  expect(error.message).toContain('within 200 ms');
  await until(() => expect(peer.calls[0]?.signal.aborted).toBe(true));
});

test('a server that ends the call at the deadline itself says the same, also in the words of tonic', async () => {
  for (const code of [Code.DeadlineExceeded, Code.Canceled]) {
    const peer = await controller(() => Promise.reject(new ConnectError('Timeout expired', code)));
    expect(await failure(client(peer.url).reconcile(repair))).toMatchObject({ code: 'deadline_exceeded' });
  }
});

test('an answer that comes late, but in time, is an answer', async () => {
  let answer: (() => void) | undefined;
  const peer = await controller(
    () => new Promise((resolve) => (answer = () => resolve({ status: 0, desc: 'at last' }))),
  );
  const called = client(peer.url, { keepAliveIntervalMs: 10 }).reconcile(repair);
  await until(() => expect(answer).toBeDefined());
  // It is kept alive while it waits.
  await until(() => expect(peer.pingsCount).toBeGreaterThan(2));
  answer?.();
  expect(await called).toEqual({ desc: 'at last' });
});

test("the caller's signal ends a call that was sent", async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { retry: quick });
  const abort = new AbortController();
  const called = failure(caller.reconcile(repair, { signal: abort.signal }));
  await until(() => expect(peer.calls).toHaveLength(1));
  abort.abort(new Error('the package has recovered'));
  const error = await called;
  expect(error).toMatchObject({ code: 'cancelled', cause: { message: 'the package has recovered' } });
  await until(() => expect(peer.calls[0]?.signal.aborted).toBe(true));
  expect(peer.calls).toHaveLength(1);
});

test('a signal that is already aborted sends nothing', async () => {
  const peer = await controller();
  const error = await failure(client(peer.url).reconcile(repair, { signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ code: 'cancelled' });
  expect(peer.connectionsCount).toBe(0);
});

test('cancelled while connecting: the call is not sent later', async () => {
  const silent = await proxy();
  const abort = new AbortController();
  const called = failure(client(silent.url).reconcile(repair, { signal: abort.signal }));
  abort.abort();
  expect(await called).toMatchObject({ code: 'cancelled' });
});

test('metadata arrives as gRPC metadata', async () => {
  const peer = await controller();
  await client(peer.url).reconcile(repair, { metadata: { 'reconcile-id': 'pkg/42', 'x-more': 'a b' } });
  expect(peer.calls[0]?.metadata.get('reconcile-id')).toBe('pkg/42');
  expect(peer.calls[0]?.metadata.get('x-more')).toBe('a b');
  expect(peer.calls[0]?.metadata.get('content-type')).toContain('application/grpc');
});

test('bad arguments are named, and nothing is sent', async () => {
  const peer = await controller();
  const caller = client(peer.url);
  const bad: [Promise<unknown>, string][] = [
    [caller.reconcile(repair, { metadata: { 'grpc-timeout': '1S' } }), 'grpc-timeout'],
    [caller.reconcile(repair, { metadata: { Upper: 'x' } }), 'Upper'],
    [caller.reconcile(repair, { metadata: { id: 'line\nbreak' } }), 'metadata "id"'],
    [caller.reconcile(repair, { deadlineMs: 0 }), 'deadlineMs'],
    [caller.reconcile({ ...repair, current: 'BROKEN' as PodStatusName }), 'current must be one of NONE'],
    [caller.reconcile({ ...repair, desired: '3' as PodStatusName }), 'desired must be one of NONE'],
    [caller.triggerAction({ scenarioName: 5n as unknown as string }), 'scenarioName must be a string, but is 5'],
    [caller.triggerAction({} as { scenarioName: string }), 'scenarioName must be a string'],
    [caller.waitUntilReachable({ pollMs: -1 }), 'pollMs'],
  ];
  for (const [call, text] of bad) {
    const error = await failure(call);
    expect(error).toMatchObject({ code: 'invalid_argument' });
    expect(error.message).toContain(text);
  }
  expect(peer.connectionsCount).toBe(0);
});

test.each([
  [{ baseUrl: 'localhost:47001' }, 'baseUrl'],
  [{ baseUrl: '' }, 'baseUrl'],
  [{ baseUrl: 'http://h:1/path' }, 'baseUrl'],
  [{ baseUrl: 'http://h:1', deadlineMs: 2 ** 31 }, 'deadlineMs'],
  [{ baseUrl: 'http://h:1', retry: { maxAttempts: 0 } }, 'retry.maxAttempts'],
  [{ baseUrl: 'http://h:1', breaker: { openMs: 1.5 } }, 'breaker.openMs'],
])('bad options %j are refused at once', (options, name) => {
  expect(() => client(options.baseUrl, options)).toThrow(
    expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(name) as string }),
  );
});
