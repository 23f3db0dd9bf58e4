import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { change, client, failure, nobody, offload, proxy, server, until } from './harness.ts';
import { accept, hang, refuse } from './server.ts';

const ids = (servers: readonly { readonly calls: readonly { request: object }[] }[]) =>
  servers.flatMap(({ calls }) => calls.map(({ request }) => (request as { transitionId: string }).transitionId));

test('a change carries its fields and gets an answer, be it yes or no', async () => {
  const only = await server();
  const caller = client([only]);
  const answer = await caller.changeState({ ...change, currentState: 'waiting', transitionId: 't-1' });
  expect(answer).toEqual({
    accepted: true,
    errorCode: 'SUCCESS',
    errorDetails: '',
    message: 's is idle',
    transitionId: 't-1',
  });
  expect(only.calls[0]?.request).toMatchObject({ resourceType: 1, currentState: 'waiting', source: 'test' });
});

test('who is away is passed over at once, and who works is asked again', async () => {
  const [away, second, third] = [await nobody(), await server(), await server()];
  const caller = client([away, second, third], { retry: { initialDelayMs: 100_000, maxDelayMs: 100_000 } });
  for (let i = 0; i < 3; i += 1) await caller.changeState(change);
  expect([second.calls.length, third.calls.length]).toEqual([3, 0]);
  expect(second.connectionsCount).toBe(1);
});

test('every attempt of a change has the same transition id', async () => {
  const [first, second] = [await server(), await server()];
  first.script = (call) => {
    first.cut();
    return hang(call);
  };
  second.script = () => {
    second.script = accept;
    return refuse(Code.Unavailable)({} as never);
  };
  const { transitionId } = await client([first, second]).changeState(change);
  expect(transitionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(ids([first, second]))).toEqual(new Set([transitionId]));
  expect(ids([first, second])).toHaveLength(3);
});

test('a broken replica is avoided for a while, then asked again', async () => {
  const away = await nobody();
  const second = await server();
  const caller = client([away, second], { avoidMs: 300 });
  await caller.changeState(change);
  const first = await server(accept, away.port);
  second.script = refuse(Code.Unavailable, { 'statemanager-not-leading': '1' });
  await caller.changeState(change);
  expect(first.calls).toHaveLength(1);
  expect(second.calls.length).toBeGreaterThan(1);
});

test('nobody is there: unreachable, with the reason of each, and surely not done', async () => {
  const both = [await nobody(), await nobody()];
  const error = await failure(client(both).offload(offload, { deadlineMs: 2000 }));
  expect(error).toMatchObject({ code: 'unreachable', mayHaveBeenDone: false });
  for (const { address } of both) expect(error.message).toContain(`http://${address}: `);
  expect(error.message).toContain('connect ECONNREFUSED');
});

test('an offload that was sent is not sent again', async () => {
  const [first, second] = [await server(), await server()];
  const caller = client([first, second]);
  first.script = (call) => {
    first.cut();
    return hang(call);
  };
  expect(await failure(caller.offload(offload))).toMatchObject({ code: 'interrupted', mayHaveBeenDone: true });
  second.script = refuse(Code.Unavailable);
  const refused = { code: 'refused', grpcCode: 'UNAVAILABLE', text: 'scripted', mayHaveBeenDone: true };
  expect(await failure(caller.offload(offload))).toMatchObject(refused);
  expect([first.calls.length, second.calls.length]).toEqual([1, 1]);
});

test('an offload goes on where it was surely not taken: nobody there, or one that does not lead', async () => {
  const [away, follower, leader] = [await nobody(), await server(), await server()];
  follower.script = refuse(Code.Unavailable, { 'statemanager-not-leading': '1' });
  const answer = await client([away, follower, leader]).offload(offload);
  expect(answer).toEqual({ accepted: true, message: 'moving', transitionId: 'o-1' });
  expect([follower.calls.length, leader.calls.length]).toEqual([1, 1]);
});

test('what a replica says of when to try again is kept to', async () => {
  const [first, second] = [await server(), await server()];
  first.script = refuse(Code.Unavailable, { 'grpc-retry-pushback-ms': '300' });
  const caller = client([first, second]);
  const begunMs = performance.now();
  await caller.changeState(change);
  expect(performance.now() - begunMs).toBeGreaterThan(290);
  second.script = refuse(Code.Unavailable, { 'grpc-retry-pushback-ms': '-1' });
  expect(await failure(caller.changeState(change))).toMatchObject({ code: 'refused' });
  second.script = refuse(Code.Unavailable, { 'grpc-retry-pushback-ms': '60000' });
  expect(await failure(caller.changeState(change, { deadlineMs: 5_000 }))).toMatchObject({ code: 'refused' });
  expect(second.calls.length).toBeLessThanOrEqual(3);
});

test('reads are repeated, what must not be done twice is not, and the token goes along', async () => {
  const [first, second] = [await server(refuse(Code.Unavailable)), await server()];
  const caller = client([first, second], { token: 'secret' });
  const { resource } = await caller.states.getResource({ kind: 'model', name: 'm' });
  expect(resource).toMatchObject({ kind: 'model', name: 'm', state: 'Running' });
  expect(second.calls[0]?.metadata.get('authorization')).toBe('Bearer secret');
  second.script = refuse(Code.Unavailable);
  const refused = { code: 'refused', grpcCode: 'UNAVAILABLE' };
  expect(await failure(caller.maintenance.forgetNode({ name: 'n', source: 'test' }))).toMatchObject(refused);
  expect(second.calls).toHaveLength(2);
});

test('a refusal for what is asked ends the call and speaks against nobody', async () => {
  const [first, second] = [await server(refuse(Code.InvalidArgument)), await server()];
  const caller = client([first, second]);
  const refused = { code: 'refused', grpcCode: 'INVALID_ARGUMENT', mayHaveBeenDone: false };
  expect(await failure(caller.changeState(change))).toMatchObject(refused);
  expect([first.calls.length, second.calls.length]).toEqual([1, 0]);
});

test('a replica that froze with the call is left after a ping', async () => {
  const [first, second] = [await server(), await server()];
  const between = await proxy(first.port);
  const caller = client([between, second], { keepAliveIntervalMs: 50, keepAliveTimeoutMs: 100 });
  first.script = () => {
    between.swallow();
    return Promise.resolve();
  };
  const begunMs = performance.now();
  await caller.changeState(change);
  expect(performance.now() - begunMs).toBeLessThan(3_000);
  expect([first.calls.length, second.calls.length]).toEqual([1, 1]);
});

test('one that hangs, but pings, is left after the deadline of one attempt', async () => {
  const [first, second] = [await server(hang), await server()];
  await client([first, second], { attemptDeadlineMs: 200 }).changeState(change);
  expect([first.calls.length, second.calls.length]).toEqual([1, 1]);
});

test('that nobody can be reached in the end does not undo what was sent', async () => {
  const only = await server();
  only.script = (call) => {
    void only.stop();
    return hang(call);
  };
  const error = await failure(client([only]).changeState(change, { deadlineMs: 300 }));
  expect(error).toMatchObject({ code: 'interrupted', mayHaveBeenDone: true });
});

test('without retry every call is one attempt', async () => {
  const [first, second] = [await server(refuse(Code.Unavailable)), await server()];
  expect(await failure(client([first, second], { retry: false }).changeState(change))).toMatchObject({
    code: 'refused',
  });
  expect(second.calls).toHaveLength(0);
});

test("the caller's signal and close end calls, also while they wait", async () => {
  const only = await server(hang);
  const caller = client([only]);
  const waiting = client([await nobody()], {
    retry: { initialDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
    deadlineMs: 2 ** 30,
  });
  const abort = new AbortController();
  const open = failure(caller.changeState(change, { signal: abort.signal }));
  await until(() => expect(only.calls).toHaveLength(1));
  abort.abort(new Error('enough'));
  expect(await open).toMatchObject({ code: 'cancelled', cause: { message: 'enough' } });
  const closing = [failure(caller.changeState(change)), failure(waiting.changeState(change))];
  closing.push(failure(waiting.report({ node: 'n', containers: [] })));
  await until(() => expect(only.calls).toHaveLength(2));
  await Promise.all([caller.close(), waiting.close()]);
  for (const error of await Promise.all(closing)) expect(error).toMatchObject({ code: 'closed' });
  expect(await failure(caller.changeState(change))).toMatchObject({ code: 'closed' });
});
