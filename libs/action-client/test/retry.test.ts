import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test, vi } from 'vitest';
import { ActionClientError } from '../src/index.ts';
import type { ActionClientErrorCode, GrpcCodeName } from '../src/index.ts';
import { mayRepeat, retrying } from '../src/retry.ts';
import { accept, hang } from './controller.ts';
import type { Script } from './controller.ts';
import { client, controller, failure, freePort, proxy, quick, repair } from './harness.ts';

const trigger = { scenarioName: 's' };

/** Dies at the first so many calls, after it received them. */
function dying(timesCount: number, cut: () => void): Script {
  let left = timesCount;
  return (call) => {
    if (left === 0) return accept(call);
    left -= 1;
    cut();
    return hang(call);
  };
}

test('what was interrupted is repeated if it is idempotent', async () => {
  const peer = await controller();
  const cut = () => peer.sessions.forEach((session) => session.destroy());
  const caller = client(peer.url, { retry: quick });
  peer.script = dying(2, cut);
  expect(await caller.reconcile(repair)).toEqual({ desc: 'did Reconcile' });
  expect(peer.calls).toHaveLength(3);
  peer.script = dying(1, cut);
  expect(await failure(caller.triggerAction(trigger))).toMatchObject({ code: 'interrupted' });
  expect(peer.calls).toHaveLength(4);
});

test('what ran out of time is repeated if it is idempotent, as often as allowed', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url, { retry: quick, deadlineMs: 200 });
  await caller.reach();
  expect(await failure(caller.reconcile(repair))).toMatchObject({ code: 'deadline_exceeded' });
  expect(peer.calls).toHaveLength(3);
  expect(await failure(caller.triggerAction(trigger))).toMatchObject({ code: 'deadline_exceeded' });
  expect(peer.calls).toHaveLength(4);
});

test('every call is repeated when it was surely not sent', async () => {
  const port = await freePort();
  const caller = client(`http://127.0.0.1:${port}`, {
    retry: { maxAttempts: 1000, initialDelayMs: 2, maxDelayMs: 10 },
  });
  const called = caller.triggerAction(trigger);
  const peer = await controller(accept, port);
  expect(await called).toEqual({ desc: 'did TriggerAction' });
  expect(peer.calls).toHaveLength(1);
});

test.each([
  [Code.Unavailable, 3],
  [Code.ResourceExhausted, 3],
  [Code.Internal, 1],
  [Code.Aborted, 1],
])('a refusal with gRPC code %i is sent %i times', async (code, timesCount) => {
  const peer = await controller(() => Promise.reject(new ConnectError('no', code)));
  const caller = client(peer.url, { retry: quick });
  expect(await failure(caller.triggerAction(trigger))).toMatchObject({ code: 'refused' });
  expect(peer.calls).toHaveLength(timesCount);
});

test('without retry every call is one attempt', async () => {
  const peer = await controller(() => Promise.reject(new ConnectError('no', Code.Unavailable)));
  await failure(client(peer.url, { retry: false }).reconcile(repair));
  expect(peer.calls).toHaveLength(1);
});

test('by default a call is three attempts', async () => {
  const peer = await controller(() => Promise.reject(new ConnectError('no', Code.Unavailable)));
  await failure(client(peer.url, { retry: { initialDelayMs: 1 } }).reconcile(repair));
  expect(peer.calls).toHaveLength(3);
});

test("the caller's signal, and close, end the wait between two attempts", async () => {
  const port = await freePort();
  const patient = { retry: { maxAttempts: 2, initialDelayMs: 1_000_000, maxDelayMs: 1_000_000 } };
  const caller = client(`http://127.0.0.1:${port}`, patient);
  const abort = new AbortController();
  const cancelled = failure(caller.reconcile(repair, { signal: abort.signal }));
  const closed = failure(caller.reconcile(repair));
  const waiting = failure(caller.waitUntilReachable({ pollMs: 1_000_000, maxPollMs: 1_000_000 }));
  expect(await failure(caller.reach())).toMatchObject({ code: 'unreachable' });
  abort.abort();
  expect(await cancelled).toMatchObject({ code: 'cancelled' });
  await caller.close();
  expect(await closed).toMatchObject({ code: 'closed' });
  expect(await waiting).toMatchObject({ code: 'closed' });
});

const codes: ActionClientErrorCode[] = ['unreachable', 'interrupted', 'deadline_exceeded', 'refused', 'cancelled'];
const more: ActionClientErrorCode[] = ['circuit_open', 'closed', 'invalid_argument'];
const grpcCodes: (GrpcCodeName | undefined)[] = [undefined, 'UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL', 'ABORTED'];

test('every combination of code, gRPC code and idempotence follows the rules', () => {
  for (const code of [...codes, ...more]) {
    for (const grpcCode of code === 'refused' ? grpcCodes : [undefined]) {
      for (const idempotent of [true, false]) {
        const error = new ActionClientError(code, '', grpcCode === undefined ? {} : { grpcCode });
        const mayHaveBeenDone = code === 'interrupted' || code === 'deadline_exceeded';
        const passes = code === 'refused' && (grpcCode === 'UNAVAILABLE' || grpcCode === 'RESOURCE_EXHAUSTED');
        const expected = code === 'unreachable' || passes || (mayHaveBeenDone && idempotent);
        expect(mayRepeat(error, idempotent), `${code} ${grpcCode ?? ''} ${idempotent}`).toBe(expected);
      }
    }
  }
  expect(mayRepeat(new TypeError('a bug'), true)).toBe(false);
});

test('a programming error inside an attempt is not repeated', async () => {
  const bug = vi.fn(() => Promise.reject(new TypeError('a bug')));
  const { signal } = new AbortController();
  await expect(retrying(quick, { idempotent: true, signal }, bug)).rejects.toThrow('a bug');
  expect(bug).toHaveBeenCalledTimes(1);
});

test('a silent peer is tried again after the connect timeout, within one call', async () => {
  const peer = await controller();
  const between = await proxy(peer.port);
  between.swallow();
  const caller = client(between.url, { connectTimeoutMs: 50, retry: { ...quick, maxAttempts: 1000 } });
  const called = caller.reconcile(repair);
  expect(await failure(caller.reach())).toMatchObject({ code: 'unreachable' });
  between.pass();
  expect(await called).toEqual({ desc: 'did Reconcile' });
});
