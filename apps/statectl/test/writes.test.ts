import { Code, ConnectError } from '@connectrpc/connect';
import { statemanager, type monitoringserver, type v1 } from '@statemanager/proto';
import { afterEach, expect, test } from 'vitest';
import { startFakeServer, type FakeServer, type Script } from './kit/fake-server.ts';
import { statectl } from './kit/statectl.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function serve(script: Script): Promise<string> {
  const server = await startFakeServer(script);
  servers.push(server);
  return server.address;
}

test('set sends what the components send', async () => {
  const asked: statemanager.StateChange[] = [];
  const server = await serve({
    wire: {
      sendStateChange: (request) => {
        asked.push(request);
        return { errorCode: statemanager.ErrorCode.SUCCESS };
      },
    },
  });
  const args = ['set', 'sc/x', 'WAITING', '--current', 'idle', '--source', 'filtergateway', '--id', 'i1'];
  expect((await statectl([...args, '--server', server])).exitCode).toBe(0);
  expect((await statectl(['set', 'model', 'm=1', '--server', server])).exitCode).toBe(2);
  expect((await statectl(['set', 'model/m', 'dead', '--server', server])).exitCode).toBe(0);
  expect(asked).toMatchObject([
    {
      resourceType: statemanager.ResourceType.SCENARIO,
      resourceName: 'x',
      targetState: 'Waiting',
      currentState: 'Idle',
      transitionId: 'i1',
      source: 'filtergateway',
    },
    { resourceType: statemanager.ResourceType.MODEL, targetState: 'Dead', currentState: '', source: 'statectl/ada' },
  ]);
  expect(asked[1]?.transitionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(Number(asked[0]?.timestampNs) / 1e6 / Date.now()).toBeCloseTo(1, 3);
});

test('set says how to repeat what may have been done', async () => {
  const sendStateChange = (): never => {
    throw new ConnectError('it may still be applied: repeat it with the same transition_id', Code.Unavailable);
  };
  const server = await serve({ wire: { sendStateChange } });
  const { exitCode, stderr } = await statectl(['set', 'scenario/x', 'idle', '--server', server]);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(`error: StateManager does not serve at ${server}: it may still be applied`);
  expect(stderr).toMatch(/^Repeat it with --id [0-9a-f-]{36}: it is done once only\.$/m);
  const away = await statectl(['set', 'scenario/x', 'idle', '--server', '127.0.0.1:9']);
  expect(away.stderr).not.toContain('--id');
});

test('report sends one report a document, after all of them were read', async () => {
  const sent: monitoringserver.ContainerList[] = [];
  const wire = {
    sendChangedContainerList: (list: monitoringserver.ContainerList) => {
      sent.push(list);
      return {};
    },
  };
  const server = await serve({ wire });
  const good = 'node: a\ncontainers: [{ name: c, model: m }]\n---\nnode: b\ncontainers: []\n';
  const bad = await statectl(['report', '-f', '-', '--server', server], { input: `${good}---\nnode: [c]\n` });
  expect([bad.exitCode, sent.length]).toEqual([2, 0]);
  expect(bad.stderr).toContain('standard input, line 7: node must be the name of a node');
  const { stdout } = await statectl(['report', '-f', '-', '--server', server], { input: good });
  expect(stdout).toBe('node/a reported with 1 container\nnode/b reported with 0 containers\n');
  expect(sent.map(({ nodeName }) => nodeName)).toEqual(['a', 'b']);
});

test('delete deletes the definition, or else the state, and says which', async () => {
  const asked: string[] = [];
  const server = await serve({
    definitions: {
      deleteDefinition: ({ name }) => {
        if (name !== 'defined') throw new ConnectError('none', Code.NotFound);
        return {};
      },
    },
    maintenance: {
      deleteResource: ({ kind, name, source }) => {
        asked.push(`${kind}/${name} by ${source}`);
        if (name === 'held') throw new ConnectError('node n1 reports a container of it', Code.FailedPrecondition);
        return {};
      },
      forgetNode: ({ name, source }) => {
        asked.push(`node/${name} by ${source}`);
        return {};
      },
    },
  });
  const args = ['delete', 'package/defined', 'model/set', 'node/n1', '--source', 'eve', '--server', server];
  expect((await statectl(args)).stdout).toBe(
    'definition of package/defined deleted\nstate of model/set deleted; it had no definition\nnode/n1 forgotten\n',
  );
  expect(asked).toEqual(['model/set by eve', 'node/n1 by eve']);
  const { exitCode, stderr } = await statectl(['delete', 'model/held', '--server', server]);
  expect([exitCode, stderr]).toEqual([1, 'error: refused: node n1 reports a container of it\n']);
});

test('apply sends everything in one request, and says whose line is bad', async () => {
  const asked: v1.ApplyDefinitionsRequest[] = [];
  const server = await serve({
    definitions: {
      applyDefinitions: (request) => {
        asked.push(request);
        if (!request.dryRun) throw new ConnectError('yaml line 2: kind is missing', Code.InvalidArgument);
        return { definitions: [{ kind: 'Package', name: 'p', action: 'created' }], changes: [] };
      },
    },
  });
  const dry = await statectl(['apply', '-f', '-', '--dry-run', '--server', server], { input: 'a: 1\n' });
  expect(dry.stdout).toBe('package/p would be created\n\nNo state would change.\n');
  const bad = await statectl(['apply', '-f', '-', '--server', server], { input: 'a: 1\n' });
  expect([bad.exitCode, bad.stderr]).toEqual([
    1,
    'error: nothing was applied: line 2 of standard input: kind is missing\n',
  ]);
  expect(asked.map(({ yaml, dryRun }) => [yaml, dryRun])).toEqual([
    ['a: 1\n', true],
    ['a: 1\n', false],
  ]);
});
