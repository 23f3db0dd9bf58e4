import { expect, test } from 'vitest';
import { hang } from './controller.ts';
import { client, controller, failure, freePort, program, proxy, repair, until } from './harness.ts';

test('close ends open calls, leaves no socket, and the client refuses what comes after', async () => {
  const peer = await controller(hang);
  const caller = client(peer.url);
  const called = failure(caller.reconcile(repair));
  await until(() => expect(peer.calls).toHaveLength(1));
  await caller.close();
  expect(await called).toMatchObject({ code: 'closed' });
  await until(() => expect(peer.sessions.size).toBe(0));
  for (const late of [caller.reconcile(repair), caller.reach(), caller.waitUntilReachable()]) {
    expect(await failure(late)).toMatchObject({ code: 'closed' });
  }
  await caller.close();
  expect(peer.connectionsCount).toBe(1);
});

test('close while connecting ends the attempt', async () => {
  const silent = await proxy();
  const caller = client(silent.url, { connectTimeoutMs: 1_000_000, deadlineMs: 1_000_000 });
  const called = failure(caller.reconcile(repair));
  const reaching = failure(caller.reach());
  await caller.close();
  expect(await called).toMatchObject({ code: 'closed' });
  expect(await reaching).toMatchObject({ code: 'closed' });
});

test('close does not wait for a peer that died while it went away gracefully', async () => {
  const peer = await controller(hang);
  const between = await proxy(peer.port);
  const caller = client(between.url, { keepAliveIntervalMs: 1_000_000 });
  const called = failure(caller.reconcile(repair));
  await until(() => expect(peer.calls).toHaveLength(1));
  for (const session of peer.sessions) session.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  between.swallow();
  await caller.close();
  expect(await called).toMatchObject({ code: 'closed' });
});

test('a closed client leaves no socket and no timer: its process ends', async () => {
  const peer = await controller(hang);
  const silent = await proxy();
  const { exitCode, output } = await program(`
    import { createActionClient } from '@statemanager/action-client';
    const hour = 3_600_000;
    const times = { deadlineMs: hour, connectTimeoutMs: hour, retry: { initialDelayMs: hour, maxDelayMs: hour } };
    const request = { scenarioName: 's', current: 'FAILED', desired: 'RUNNING' };
    const ends = [];
    for (const baseUrl of ['${peer.url}', '${silent.url}', 'http://127.0.0.1:${await freePort()}']) {
      const client = createActionClient({ baseUrl, ...times });
      const called = client.reconcile(request).catch((error) => ends.push(error.code));
      const waiting = client.waitUntilReachable({ pollMs: hour, maxPollMs: hour }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await client.close();
      await Promise.all([called, waiting]);
    }
    console.log(ends.join());`);
  expect(output).toBe('closed,closed,closed\n');
  expect(exitCode).toBe(0);
});

test('an idle client does not keep its process alive', async () => {
  const peer = await controller();
  const { exitCode, output } = await program(`
    import { createActionClient } from '@statemanager/action-client';
    const client = createActionClient({ baseUrl: '${peer.url}' });
    console.log((await client.reconcile({ scenarioName: 's', current: 'FAILED', desired: 'RUNNING' })).desc);`);
  expect(output).toBe('did Reconcile\n');
  expect(exitCode).toBe(0);
});
