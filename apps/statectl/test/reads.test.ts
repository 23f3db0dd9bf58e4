import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { afterEach, expect, test } from 'vitest';
import { packageOf, startFakeServer, type FakeServer, type Script } from './kit/fake-server.ts';
import { startStatectl, statectl } from './kit/statectl.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function serve(script: Script): Promise<FakeServer> {
  const server = await startFakeServer(script);
  servers.push(server);
  return server;
}

const three = ['a', 'b', 'c'].map((name) => packageOf(name, 'Running'));

test('a list is all of its pages, with the filter on each', async () => {
  const asked: v1.ListResourcesRequest[] = [];
  const { address } = await serve({
    state: {
      listResources: (request) => {
        asked.push(request);
        const at = Number(request.pageToken);
        return { resources: three.slice(at, at + 1), nextPageToken: at === 2 ? '' : String(at + 1), revision: 9n };
      },
    },
  });
  const args = [
    'get',
    'packages',
    '-l',
    'running,error',
    '--prefix',
    'x',
    '--stale',
    '-o',
    'json',
    '--server',
    address,
  ];
  const { stdout, exitCode } = await statectl(args);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], revision: '9' });
  expect(asked).toHaveLength(3);
  for (const { filter } of asked) {
    expect(filter).toMatchObject({ kinds: ['package'], states: ['Running', 'Error'], namePrefix: 'x', stale: true });
  }
});

test('JSON has the empty texts too', async () => {
  const node = { ...packageOf('n', ''), kind: 'node', detail: { case: undefined } };
  const change = { kind: 'model', name: 'm', from: '', to: '', rule: '', cause: '' };
  const { address } = await serve({
    state: {
      listResources: () => ({ resources: [node], revision: 1n }),
      simulateImpact: () => ({ changes: [change] }),
    },
  });
  const list = await statectl(['get', 'nodes', '-o', 'json', '--server', address]);
  expect(JSON.parse(list.stdout)).toMatchObject({ items: [{ kind: 'node', name: 'n', state: '' }] });
  const impact = await statectl(['impact', '--node', 'n', '-o', 'json', '--server', address]);
  expect(JSON.parse(impact.stdout)).toMatchObject({ changes: [{ kind: 'model', name: 'm', from: '', to: '' }] });
});

test('the next server is asked when one is away, or does not serve', async () => {
  const away = await startFakeServer({});
  await away.close();
  const follower = await serve({
    state: {
      listResources: () => {
        throw new ConnectError('this StateManager does not lead', Code.Unavailable);
      },
    },
  });
  const leader = await serve({ state: { listResources: () => ({ resources: three, revision: 1n }) } });
  const addresses = [away, follower, leader].map(({ address }) => address).join(',');
  const found = await statectl(['get', 'packages', '-o', 'name'], { env: { STATECTL_SERVER: addresses } });
  expect(found).toEqual({ exitCode: 0, stdout: 'package/a\npackage/b\npackage/c\n', stderr: '' });
  const none = await statectl(['get', 'packages', '--server', `${away.address},${follower.address}`]);
  expect(none.exitCode).toBe(4);
  expect(none.stderr).toContain(`${away.address}: connection refused`);
  expect(none.stderr).toContain(`${follower.address}: this StateManager does not lead`);
});

test('a server that hangs is given up after --timeout', async () => {
  const { address } = await serve({ state: { listResources: () => new Promise(() => undefined) } });
  const { exitCode, stderr } = await statectl(['get', 'packages', '--server', address, '--timeout', '200ms']);
  expect(exitCode).toBe(4);
  expect(stderr).toContain('no answer within 200ms');
});

test('a refusal shows the field and what is allowed', async () => {
  const value = { field: 'filter.states[0]', problem: 'is no state', allowedValues: ['Idle', 'Running'] };
  const { address } = await serve({
    state: {
      listResources: () => {
        const details = [{ desc: v1.FieldProblemSchema, value }];
        throw new ConnectError('refused', Code.InvalidArgument, undefined, details);
      },
    },
  });
  const { exitCode, stderr } = await statectl(['get', '--server', address]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('filter.states[0]: is no state');
  expect(stderr).toContain('allowed: Idle, Running');
});

test('what is not a StateManager is said to be none', async () => {
  const { address } = await serve({});
  const { exitCode, stderr } = await statectl(['reconciles', '--server', address]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('the server does not know this call');
});

test.each([
  [['gett'], 'Did you mean get?'],
  [['get', 'packages', '-o', 'jsn'], 'Did you mean json?'],
  [['get', 'packages', 'a', '--stale'], 'names cannot be combined'],
  [['impact'], 'nothing is supposed'],
  [['impact', '--model', 'm'], 'Write it as --model m=Dead.'],
  [['wait', 'package/x'], "required option '--for"],
  [['wait', 'package/x', '--for', 'dead'], 'is no state of a package'],
  [['wait', 'node/x', '--for', 'deleted,Running'], 'cannot be combined'],
  [['get', '--timeout', 'soon'], 'is no duration'],
  [['history', '-n', '0'], 'It must be from 1 to 1000.'],
  [['set', 'node/x', 'idle'], 'nodes cannot be used here'],
])('%j is a mistake of usage', async (args, message) => {
  const { exitCode, stderr } = await statectl([...args, '--server', '127.0.0.1:9']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('a reader that goes away ends it quietly', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => packageOf(`package-${i}`, 'Running'));
  const { address } = await serve({ state: { listResources: () => ({ resources: many, revision: 1n }) } });
  const running = startStatectl(['get', 'packages', '-o', 'json', '--server', address]);
  running.child.stdout?.once('data', () => running.child.stdout?.destroy());
  expect(await running.end()).toMatchObject({ exitCode: 0, stderr: '' });
});
