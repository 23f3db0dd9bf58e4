import { expect, test } from 'vitest';
import { createStateManagerClient } from '../src/index.ts';
import type { ChangeRequest, StateManagerClientOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { change, client, failure, offload, program, server } from './harness.ts';
import { hang } from './server.ts';

test('addresses are completed, and each counts once', () => {
  const addresses = ['10.0.0.1:47006', '[::1]:47006', 'http://10.0.0.1:47006', 'https://h:1'];
  const { origins } = settingsOf({ addresses });
  expect(origins).toEqual(['http://10.0.0.1:47006', 'http://[::1]:47006', 'https://h:1']);
  expect(settingsOf({ addresses: ['h:1'], tls: {} }).origins).toEqual(['https://h:1']);
});

test.each([
  [{ addresses: [] }, 'addresses'],
  [{ addresses: ['localhost'] }, 'addresses[0]'],
  [{ addresses: ['h:1', 'http://h:1/path'] }, 'addresses[1]'],
  [{ addresses: ['http://h:1'], tls: {} }, 'addresses[0]'],
  [{ addresses: ['h:1'], deadlineMs: 2 ** 31 }, 'deadlineMs'],
  [{ addresses: ['h:1'], retry: { initialDelayMs: 0 } }, 'retry.initialDelayMs'],
  [{ addresses: ['h:1'], avoidMs: 1.5 }, 'avoidMs'],
])('bad options %j are refused at once', (options: StateManagerClientOptions, name) => {
  expect(() => createStateManagerClient(options)).toThrow(
    expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(name) as string }),
  );
});

test('bad arguments are named, and nothing is sent', async () => {
  const only = await server();
  const caller = client([only]);
  const bad: [() => Promise<unknown>, string][] = [
    [() => caller.changeState({ ...change, kind: 'node' as ChangeRequest['kind'] }), 'kind must be one of scenario'],
    [() => caller.changeState({ ...change, name: 5 as unknown as string }), 'name must be a string, but is 5'],
    [() => caller.changeState(change, { deadlineMs: 0 }), 'deadlineMs'],
    [() => caller.report({ node: 5 as unknown as string, containers: [] }), 'node'],
    [() => caller.states.listResources({ pageSize: 1.5 }), 'cannot be encoded'],
    [() => caller.offload({ ...offload, reason: undefined as unknown as string }), 'reason'],
    [() => caller.states.getResource({ kind: 'model', name: 'm' }, { deadlineMs: -1 }), 'deadlineMs'],
    [() => caller.watch({}, { afterRevision: -1n }).next(), 'afterRevision'],
    [() => caller.watch({}, { afterRevision: 2n ** 70n }).next(), 'cannot be encoded'],
    [() => client([only], { token: () => 'a b' }).changeState(change), 'token'],
  ];
  for (const [call, text] of bad) {
    const error = await failure(call());
    expect(error).toMatchObject({ code: 'invalid_argument', mayHaveBeenDone: false });
    expect(error.message).toContain(text);
  }
  expect(only.calls).toHaveLength(0);
});

test('a closed client leaves no socket and no timer: its process ends; an idle one does not keep it either', async () => {
  const [hanging, answering] = [await server(hang), await server()];
  hanging.watchScript = async function* (_, signal) {
    yield { revision: 1n, message: { case: 'bookmark', value: {} } };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const { exitCode, output } = await program(`
    import { createStateManagerClient } from '@statemanager/client';
    const hour = 3_600_000;
    const closed = createStateManagerClient({ addresses: ['${hanging.address}'], deadlineMs: hour, attemptDeadlineMs: hour });
    const change = { kind: 'scenario', name: 's', targetState: 'idle', source: 'test' };
    const watch = closed.watch();
    await watch.next();
    const ended = Promise.allSettled([closed.changeState(change), closed.report({ node: 'n', containers: [] }), watch.next()]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await closed.close();
    console.log((await ended).map(({ reason }) => reason.code).join());
    const idle = createStateManagerClient({ addresses: ['${answering.address}'] });
    console.log((await idle.changeState(change)).message);`);
  expect(output).toBe('closed,closed,closed\ns is idle\n');
  expect(exitCode).toBe(0);
});
