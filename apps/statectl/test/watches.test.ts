import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { afterEach, expect, test } from 'vitest';
import { packageOf, startFakeServer, type FakeServer } from './kit/fake-server.ts';
import { startStatectl } from './kit/statectl.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Part = MessageInitShape<typeof v1.WatchResourcesResponseSchema>;

const snapshot = (revision: bigint, ...resources: v1.Resource[]): Part => ({
  revision,
  message: { case: 'snapshot', value: { $typeName: 'statemanager.v1.Snapshot', resources, complete: true } },
});
const put = (revision: bigint, resource: v1.Resource): Part => ({
  revision,
  message: {
    case: 'changes',
    value: {
      $typeName: 'statemanager.v1.Changes',
      events: [{ $typeName: 'statemanager.v1.Event', type: v1.EventType.PUT, resource }],
    },
  },
});
const removed = (revision: bigint, resource: v1.Resource): Part => ({
  revision,
  message: {
    case: 'changes',
    value: {
      $typeName: 'statemanager.v1.Changes',
      events: [{ $typeName: 'statemanager.v1.Event', type: v1.EventType.REMOVED, resource }],
    },
  },
});
const resync = (reason: string): Part => ({
  revision: 0n,
  message: { case: 'resync', value: { $typeName: 'statemanager.v1.Resync', reason } },
});

/** What a connection says before it ends: by breaking, by a refusal, or not until it is ended. */
interface Connection {
  readonly parts: readonly Part[];
  readonly end: 'break' | 'stay' | ConnectError;
}

/** A server whose nth watch says what the nth connection says. Gives the revisions that were asked for. */
async function serve(connections: readonly Connection[]): Promise<{ address: string; asked: bigint[] }> {
  const asked: bigint[] = [];
  const server = await startFakeServer({
    state: {
      async *watchResources({ afterRevision }, { signal }) {
        const connection = connections[asked.length];
        asked.push(afterRevision);
        for (const part of connection?.parts ?? []) yield part;
        if (connection?.end instanceof ConnectError) throw connection.end;
        // A moment, so that what was said is on its way before the connection is cut.
        if (connection?.end === 'break') setTimeout(() => server.breakConnections(), 100);
        await sleep(60_000, undefined, { signal }).catch(() => undefined);
      },
    },
  });
  servers.push(server);
  return { address: server.address, asked };
}

test('a broken watch resumes after the last revision', async () => {
  const { address, asked } = await serve([
    { parts: [snapshot(5n, packageOf('a', 'Running')), put(7n, packageOf('a', 'Degraded'))], end: 'break' },
    { parts: [put(8n, packageOf('a', 'Error'))], end: 'stay' },
  ]);
  const watch = startStatectl(['watch', 'packages', '--server', address]);
  const output = await watch.until((text) => text.includes('Error'));
  watch.child.kill('SIGINT');
  expect((await watch.end()).exitCode).toBe(0);
  expect(asked).toEqual([0n, 7n]);
  expect(output).toContain(`connection lost: ${address}: `);
  expect(output.match(/^a .*/gm)?.map((line) => line.split(/ +/)[1])).toEqual(['Running', 'Degraded', 'Error']);
});

test('RESYNC is said, and the watch begins anew', async () => {
  const { address, asked } = await serve([
    { parts: [snapshot(5n, packageOf('a', 'Running'))], end: new ConnectError('stops', Code.Unavailable) },
    { parts: [resync('compacted'), snapshot(9n, packageOf('b', 'Error'))], end: 'stay' },
  ]);
  const watch = startStatectl(['get', 'packages', '-w', '--server', address]);
  const output = await watch.until((text) => text.includes('Error'));
  watch.child.kill('SIGTERM');
  expect((await watch.end()).exitCode).toBe(0);
  expect(asked).toEqual([0n, 5n]);
  expect(output).toMatch(/^resync: compacted$/m);
});

test('a watch as JSON is one object a line', async () => {
  const { address } = await serve([
    { parts: [snapshot(5n, packageOf('a', '')), resync('why'), snapshot(6n, packageOf('a', 'Error'))], end: 'stay' },
  ]);
  const watch = startStatectl(['watch', 'packages', '-o', 'json', '--server', address]);
  const output = await watch.until((text) => text.split('\n').length > 3);
  watch.child.kill('SIGINT');
  await watch.end();
  expect(
    output
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toMatchObject([
    { type: 'EVENT_TYPE_PUT', resource: { name: 'a', state: '' } },
    { resync: { reason: 'why' } },
    { type: 'EVENT_TYPE_PUT', resource: { name: 'a', state: 'Error' } },
  ]);
});

test('a refused watch ends with the refusal', async () => {
  const { address } = await serve([{ parts: [], end: new ConnectError('no such thing', Code.InvalidArgument) }]);
  const { exitCode, stderr } = await startStatectl(['watch', '--server', address]).end();
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no such thing')]);
});

test('wait ends as soon as everything is there', async () => {
  const { address } = await serve([
    { parts: [snapshot(5n, packageOf('a', 'Running')), put(6n, packageOf('ab', 'Running'))], end: 'break' },
    { parts: [put(7n, packageOf('b', 'Running', { stale: true }))], end: 'stay' },
  ]);
  const { exitCode, stdout } = await startStatectl([
    'wait',
    'pkg',
    'a',
    'b',
    '--for=running',
    '--server',
    address,
  ]).end();
  expect(exitCode).toBe(0);
  expect(stdout).toBe('package/a is Running\npackage/b is ~Running (stale)\n');
});

test('wait for what is deleted', async () => {
  const gone = packageOf('a', 'Running');
  const { address } = await serve([{ parts: [snapshot(5n, gone), removed(6n, gone)], end: 'stay' }]);
  const { exitCode, stdout } = await startStatectl(['wait', 'pkg/a', '--for=deleted', '--server', address]).end();
  expect([exitCode, stdout]).toEqual([0, 'package/a is deleted\n']);
});

test.each([
  [['--for=Error', '--timeout', '400ms'], 'not Error within 400ms\n  package/a is ~Running (stale)'],
  [['--for=Running', '--fresh', '--timeout', '400ms'], 'not Running within 400ms\n  package/a is ~Running (stale)'],
])('wait %j times out with 5', async (args, message) => {
  const { address } = await serve([{ parts: [snapshot(5n, packageOf('a', 'Running', { stale: true }))], end: 'stay' }]);
  const { exitCode, stderr } = await startStatectl(['wait', 'pkg/a', ...args, '--server', address]).end();
  expect([exitCode, stderr]).toEqual([5, expect.stringContaining(message)]);
});

test('Ctrl-C before a wait is over gives 130', async () => {
  const { address, asked } = await serve([{ parts: [snapshot(5n)], end: 'stay' }]);
  const wait = startStatectl(['wait', 'pkg/a', '--for=Error', '--server', address]);
  while (asked.length === 0) await sleep(10);
  wait.child.kill('SIGINT');
  expect((await wait.end()).exitCode).toBe(130);
});

test('a server that accepts and says nothing is left for the next one', async () => {
  const silent = await serve([{ parts: [], end: 'stay' }]);
  const { address } = await serve([{ parts: [snapshot(5n, packageOf('a', 'Error'))], end: 'stay' }]);
  const watch = startStatectl(['watch', 'packages', '--server', `${silent.address},${address}`, '--timeout', '300ms']);
  await watch.until((text) => text.includes('Error'));
  watch.child.kill('SIGINT');
  expect((await watch.end()).exitCode).toBe(0);
});

test('events -f prints what comes after what it listed, once', async () => {
  const step = (revision: bigint, to: string) => ({
    $typeName: 'statemanager.v1.Transition' as const,
    ...{ kind: 'package', name: 'a', from: '', to, rule: 'r', cause: 'c', source: 's', transitionId: '' },
    ...{ generation: revision, revision },
  });
  const asked: bigint[] = [];
  const server = await startFakeServer({
    state: {
      listResources: () => ({ revision: 4n }),
      listTransitions: () => ({ transitions: [step(5n, 'Error'), step(3n, 'Running')] }),
      async *watchResources({ afterRevision }, { signal }) {
        asked.push(afterRevision);
        const event = { type: v1.EventType.PUT, resource: packageOf('a', 'Idle'), transition: step(6n, 'Idle') };
        yield { revision: 6n, message: { case: 'changes', value: { events: [event] } } };
        await sleep(60_000, undefined, { signal }).catch(() => undefined);
      },
    },
  });
  servers.push(server);
  const events = startStatectl(['events', '-f', '-o', 'json', '--server', server.address]);
  const output = await events.until((text) => text.includes('Idle'));
  events.child.kill('SIGINT');
  expect((await events.end()).exitCode).toBe(0);
  expect(asked).toEqual([5n]);
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { to: string }).to),
  ).toEqual(['Running', 'Error', 'Idle']);
});
