import { Code } from '@connectrpc/connect';
import { actioncontroller } from '@statemanager/proto';
import { expect, test } from 'vitest';
import { matching, startStand } from './stand.ts';

const { PodStatus } = actioncontroller;
const repair = (scenarioName: string, current = PodStatus.FAILED) => ({
  scenarioName,
  current,
  desired: PodStatus.RUNNING,
});

test('a Reconcile restarts each model of the package that is not all running, where it is', async () => {
  const { client, nodeAgent } = await startStand();
  nodeAgent.fleet = [
    'zone-front/front-camera running exited',
    'hpc-central/lane-keeper running',
    'zone-front/vehicle-speed removed',
    'zone-rear/vehicle-speed running',
    'hpc-central/navigation exited exited',
  ];
  const answer = await client.reconcile(repair('motorway-drive'));
  expect(answer).toMatchObject({
    status: 0,
    desc: "repair of 'lane-assist' ordered: restart front-camera on zone-front, restart vehicle-speed on zone-front",
  });
  expect(nodeAgent.orders).toEqual([
    { action: 'restart', model: 'front-camera', node: 'zone-front', afterMs: 20 },
    { action: 'restart', model: 'vehicle-speed', node: 'zone-front', afterMs: 20 },
  ]);
});

test("a name that is no scenario's is taken as the package's", async () => {
  const { client, nodeAgent } = await startStand();
  nodeAgent.fleet = [
    'zone-rear/cabin-climate running',
    'zone-rear/seat-heating exited',
    'zone-front/air-quality running',
  ];
  expect((await client.reconcile(repair('cabin-comfort'))).status).toBe(0);
  expect(nodeAgent.orders).toEqual([{ action: 'restart', model: 'seat-heating', node: 'zone-rear', afterMs: 20 }]);
});

test('a model that is nowhere is added on its node, with the containers of its definition', async () => {
  const { client, nodeAgent } = await startStand({ repairDelayMs: 0 });
  nodeAgent.fleet = ['hpc-central/helloworld-core running'];
  await client.reconcile(repair('helloworld'));
  const containers = [{ name: 'helloworld-display', image: 'localhost/helloworld-display:1.0' }];
  expect(nodeAgent.orders).toEqual([
    { action: 'add', model: 'helloworld-display', node: 'hpc-central', containers, afterMs: 0 },
  ]);
});

test('nothing is ordered where nothing is to do', async () => {
  const { client, nodeAgent } = await startStand();
  nodeAgent.fleet = ['hpc-central/helloworld-core running', 'hpc-central/helloworld-display running'];
  expect(await client.reconcile(repair('helloworld'))).toMatchObject({
    status: 0,
    desc: matching(/nothing to do/),
  });
  expect(nodeAgent.orders).toEqual([]);
});

test('an unknown scenario, a wish other than RUNNING and a refused order each say so', async () => {
  const { client, nodeAgent } = await startStand();
  await expect(client.reconcile(repair('nix'))).rejects.toMatchObject({ code: Code.NotFound });
  const done = { scenarioName: 'helloworld', current: PodStatus.FAILED, desired: PodStatus.DONE };
  expect(await client.reconcile(done)).toMatchObject({
    status: 1,
    desc: 'only RUNNING can be brought about, not DONE',
  });
  nodeAgent.fleet = ['hpc-central/helloworld-core exited', 'hpc-central/helloworld-display running'];
  nodeAgent.refusal = 'there is no such thing';
  expect(await client.reconcile(repair('helloworld'))).toMatchObject({
    status: 1,
    desc: matching(/there is no such thing$/),
  });
});

test('without its stub-node-agent a Reconcile is UNAVAILABLE', async () => {
  const { client, nodeAgent } = await startStand();
  await nodeAgent.close();
  await expect(client.reconcile(repair('helloworld'))).rejects.toMatchObject({ code: Code.Unavailable });
});

test('with refuseFailed a current of NONE, FAILED or UNKNOWN is INTERNAL, another is served', async () => {
  const { client, nodeAgent } = await startStand({ refuseFailed: true });
  nodeAgent.fleet = ['hpc-central/helloworld-core running', 'hpc-central/helloworld-display running'];
  for (const current of [PodStatus.NONE, PodStatus.FAILED, PodStatus.UNKNOWN]) {
    await expect(client.reconcile(repair('helloworld', current))).rejects.toMatchObject({ code: Code.Internal });
  }
  expect((await client.reconcile(repair('helloworld', PodStatus.DONE))).status).toBe(0);
});

test('OffloadModel moves the model, or says why not', async () => {
  const { client, nodeAgent } = await startStand();
  const wish = { packageName: 'driver-display', modelName: 'navigation', sourceNode: 'hpc-central' };
  const moved = await client.offloadModel({ ...wish, targetNode: 'zone-rear' });
  expect(moved).toMatchObject({ success: true, transitionId: matching(/^[0-9a-f-]{36}$/) });
  expect(nodeAgent.orders).toEqual([{ action: 'move', model: 'navigation', from: 'hpc-central', to: 'zone-rear' }]);
  nodeAgent.refusal = "there is no node 'moon'";
  const refused = await client.offloadModel({ ...wish, targetNode: 'moon' });
  expect(refused).toMatchObject({ success: false, message: "there is no node 'moon'" });
});

test('TriggerAction launches; CompleteNetworkSetting is acknowledged', async () => {
  const { client, nodeAgent } = await startStand();
  nodeAgent.fleet = ['hpc-central/helloworld-core exited', 'hpc-central/helloworld-display running'];
  expect((await client.triggerAction({ scenarioName: 'helloworld' })).status).toBe(0);
  expect(nodeAgent.orders).toHaveLength(1);
  expect((await client.completeNetworkSetting({ requestId: 'r' })).acknowledged).toBe(true);
});
