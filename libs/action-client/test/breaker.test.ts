import { Code, ConnectError } from '@connectrpc/connect';
import { expect, onTestFinished, test, vi } from 'vitest';
import { accept, hang } from './controller.ts';
import { client, controller, failure, freePort, quick, repair, until } from './harness.ts';

const longOpen = { maxConsecutiveFailures: 2, openMs: 1_000_000 };
const briefly = { maxConsecutiveFailures: 2, openMs: 1 };

test('the circuit opens after failures in a row, and says what the last one was', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { breaker: longOpen, deadlineMs: 200 });
  await caller.reach();
  for (let call = 0; call < 2; call += 1) {
    expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'deadline_exceeded' });
  }
  const error = await failure(caller.reconcile(repair));
  expect(error).toMatchObject({ code: 'circuit_open', cause: { code: 'deadline_exceeded' } });
  expect(error.message).toContain('did not answer Reconcile');
  expect(peer.calls).toHaveLength(2);
});

test('refusals are answers: they do not open the circuit, and they end a row of failures', async () => {
  const peer = await controller();
  const caller = client(peer.url, { breaker: longOpen });
  const refuse = () => Promise.reject(new ConnectError('no', Code.Unavailable));
  const die = () => {
    for (const session of peer.sessions) session.destroy();
    return refuse();
  };
  for (const script of [refuse, refuse, refuse, die, refuse, die, refuse, die, die]) {
    peer.script = script;
    expect(await failure(caller.reconcile(repair))).toMatchObject({ code: script === die ? 'interrupted' : 'refused' });
  }
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'circuit_open' });
});

test('a half-open circuit lets one call through, and closes when it is answered', async () => {
  const peer = await controller();
  const caller = client(peer.url, { breaker: briefly });
  peer.script = () => {
    for (const session of peer.sessions) session.destroy();
    return Promise.reject(new Error('cut'));
  };
  await failure(caller.reconcile(repair));
  await failure(caller.reconcile(repair));
  let answer: (() => void) | undefined;
  peer.script = () => new Promise((resolve) => (answer = () => resolve({ status: 0, desc: 'back' })));
  const probe = until(() => caller.reconcile(repair));
  await until(() => expect(answer).toBeDefined());
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'circuit_open' });
  answer?.();
  expect(await probe).toEqual({ desc: 'back' });
  peer.script = accept;
  expect(await Promise.all([caller.reconcile(repair), caller.reconcile(repair)])).toHaveLength(2);
});

test('a cancelled probe proves nothing: the circuit stays open', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { breaker: { maxConsecutiveFailures: 1, openMs: 1_000 }, deadlineMs: 200 });
  await caller.reach();
  await failure(caller.reconcile(repair));
  const abort = new AbortController();
  const probe = until(async () => {
    const error = await failure(caller.reconcile(repair, { signal: abort.signal, deadlineMs: 60_000 }));
    expect(error.code).toBe('cancelled');
  });
  await until(() => expect(peer.calls).toHaveLength(2));
  abort.abort();
  await probe;
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'circuit_open' });
});

test('a wall clock that is set back does not keep the circuit open', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { breaker: { maxConsecutiveFailures: 1, openMs: 1_000 }, deadlineMs: 200 });
  await caller.reach();
  await failure(caller.reconcile(repair));
  peer.script = accept;
  const hourAgo = Date.now() - 3_600_000;
  const clock = vi.spyOn(Date, 'now').mockReturnValue(hourAgo);
  onTestFinished(() => void clock.mockRestore());
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'circuit_open' });
  expect(await until(() => caller.reconcile(repair))).toEqual({ desc: 'did Reconcile' });
});

test('cancelled calls do not count', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { breaker: { maxConsecutiveFailures: 1, openMs: 1_000_000 } });
  const abort = new AbortController();
  const called = failure(caller.reconcile(repair, { signal: abort.signal }));
  await until(() => expect(peer.calls).toHaveLength(1));
  abort.abort();
  await called;
  peer.script = accept;
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
});

test('reach passes an open circuit, and closes one that failing connections opened', async () => {
  const port = await freePort();
  const caller = client(`http://127.0.0.1:${port}`, { breaker: longOpen, retry: { ...quick, maxAttempts: 10 } });
  expect(await failure(caller.reconcile(repair))).toMatchObject({
    code: 'circuit_open',
    cause: { code: 'unreachable' },
  });
  const peer = await controller(accept, port);
  await caller.waitUntilReachable({ pollMs: 5 });
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(peer.calls).toHaveLength(1);
});

test('reach does not close a circuit that a hanging peer opened', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { breaker: { ...longOpen, maxConsecutiveFailures: 1 }, deadlineMs: 200 });
  await caller.reach();
  await failure(caller.reconcile(repair));
  await caller.reach();
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'circuit_open' });
});
