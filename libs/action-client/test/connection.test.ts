import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { accept, hang } from './controller.ts';
import { client, controller, failure, freePort, proxy, repair, until } from './harness.ts';

test('nobody listens: unreachable, with the reason', async () => {
  const port = await freePort();
  const error = await failure(client(`http://127.0.0.1:${port}`).reconcile(repair));
  expect(error).toMatchObject({ code: 'unreachable' });
  expect(error.message).toContain('ECONNREFUSED');
  expect(error.message).toContain('nothing was sent');
});

test('a name that does not resolve: unreachable', async () => {
  const error = await failure(client('http://no-such-host.invalid:47001').reconcile(repair));
  expect(error).toMatchObject({ code: 'unreachable' });
});

test('a peer that speaks without TLS is unreachable for https', async () => {
  const peer = await controller();
  const error = await failure(client(peer.url.replace('http:', 'https:')).reconcile(repair));
  expect(error).toMatchObject({ code: 'unreachable' });
  expect(peer.calls).toEqual([]);
});

test('a peer that accepts TCP and never speaks is unreachable, and gets no call', async () => {
  const silent = await proxy();
  const caller = client(silent.url, { connectTimeoutMs: 50 });
  const error = await failure(caller.reconcile(repair));
  expect(error).toMatchObject({ code: 'unreachable' });
  expect(error.message).toContain('did not speak HTTP/2 within 50 ms');
  expect(await failure(caller.reach())).toMatchObject({ code: 'unreachable' });
});

test('a deadline that ends while connecting: unreachable, for nothing was sent', async () => {
  const silent = await proxy();
  const error = await failure(client(silent.url).reconcile(repair, { deadlineMs: 50 }));
  expect(error).toMatchObject({ code: 'unreachable' });
  expect(error.message).toContain('no connection within the deadline of 50 ms');
});

test('a peer that dies after it received the call: interrupted, and the next call connects again', async () => {
  const peer = await controller();
  peer.script = (call) => {
    for (const session of peer.sessions) session.destroy();
    return hang(call);
  };
  const caller = client(peer.url);
  const error = await failure(caller.reconcile(repair));
  expect(error).toMatchObject({ code: 'interrupted' });
  expect(error.message).toContain('may have been received');
  expect(peer.calls).toHaveLength(1);
  peer.script = accept;
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(peer.connectionsCount).toBe(2);
});

test('a peer whose socket is cut after it received the call: interrupted', async () => {
  const peer = await controller(hang);
  const between = await proxy(peer.port);
  const called = failure(client(between.url).reconcile(repair));
  await until(() => expect(peer.calls).toHaveLength(1));
  await between.stop();
  expect(await called).toMatchObject({ code: 'interrupted' });
});

test('a peer that says it did not look at the call: unreachable, for it was surely not done', async () => {
  const refuse = 7;
  const server = createServer().on('stream', (stream) => stream.on('error', () => undefined).close(refuse));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const caller = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'unreachable' });
});

test.each([
  ['nothing at all', 0, 'interrupted'],
  ['half an answer', 200, 'interrupted'],
  ['an error page', 404, 'refused'],
  ['a gateway that has no controller behind it', 503, 'refused'],
])('a server that answers %s', async (_, status, code) => {
  const server = createServer().on('stream', (stream) => {
    stream.on('error', () => undefined).resume();
    if (status === 0) return stream.close(0);
    stream.respond({ ':status': status, 'content-type': status === 200 ? 'application/grpc' : 'text/html' });
    return stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const error = await failure(
    client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).reconcile(repair, { deadlineMs: 5_000 }),
  );
  expect(error).toMatchObject({ code });
  if (status === 503) expect(error).toMatchObject({ grpcCode: 'UNAVAILABLE' });
});

test('a peer that was away and is back on its port is found again', async () => {
  const first = await controller();
  const caller = client(first.url);
  await caller.reconcile(repair);
  await first.stop();
  await until(async () => expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'unreachable' }));
  expect(await failure(caller.reach())).toMatchObject({ code: 'unreachable' });
  const waiting = caller.waitUntilReachable({ pollMs: 5, maxPollMs: 20 });
  const second = await controller(accept, first.port);
  await waiting;
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(second.calls).toHaveLength(1);
  expect(second.connectionsCount).toBe(1);
});

test('a graceful GOAWAY lets the open call end and sends the next one on a new connection', async () => {
  let answer: (() => void) | undefined;
  const peer = await controller(
    () => new Promise((resolve) => (answer = () => resolve({ status: 0, desc: 'old connection' }))),
  );
  const caller = client(peer.url);
  const open = caller.reconcile(repair);
  await until(() => expect(answer).toBeDefined());
  for (const session of peer.sessions) session.close();
  peer.script = accept;
  await until(async () => {
    await caller.reconcile(repair);
    expect(peer.connectionsCount).toBe(2);
  });
  answer?.();
  expect(await open).toEqual({ desc: 'old connection' });
});

test('reach sends no call, and pings the connection there is', async () => {
  const peer = await controller();
  const caller = client(peer.url);
  await caller.reach();
  await caller.reach();
  expect(peer.connectionsCount).toBe(1);
  expect(peer.calls).toEqual([]);
  await caller.reconcile(repair);
  expect(peer.connectionsCount).toBe(1);
});

test('many calls at the same time share one connection', async () => {
  const peer = await controller();
  const caller = client(peer.url);
  await Promise.all(Array.from({ length: 50 }, () => caller.reconcile(repair)));
  expect(peer.calls).toHaveLength(50);
  expect(peer.connectionsCount).toBe(1);
});

test('keep-alive notices a dead peer long before the deadline', async () => {
  const peer = await controller(hang);
  const between = await proxy(peer.port);
  const caller = client(between.url, { deadlineMs: 60_000, keepAliveIntervalMs: 30, keepAliveTimeoutMs: 50 });
  const called = failure(caller.reconcile(repair));
  await until(() => expect(peer.calls).toHaveLength(1));
  between.swallow();
  const error = await called;
  expect(error).toMatchObject({ code: 'interrupted' });
  expect(error.message).toContain('did not answer a ping within 50 ms');
});

test('an idle connection whose peer died silently is replaced before it is used', async () => {
  const peer = await controller();
  const between = await proxy(peer.port);
  const caller = client(between.url, { keepAliveIntervalMs: 20, keepAliveTimeoutMs: 50, connectTimeoutMs: 500 });
  await caller.reconcile(repair);
  between.swallow();
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'unreachable' });
  between.pass();
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(peer.calls).toHaveLength(2);
});
