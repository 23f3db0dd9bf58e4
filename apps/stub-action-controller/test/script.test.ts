import { Code, ConnectError } from '@connectrpc/connect';
import { actioncontroller } from '@statemanager/proto';
import { expect, test } from 'vitest';
import { eventually, matching, startStand } from './stand.ts';

const { PodStatus } = actioncontroller;
const REPAIR = { scenarioName: 'cabin-comfort', current: PodStatus.FAILED, desired: PodStatus.RUNNING };
const RUNNING = ['zone-rear/cabin-climate running', 'zone-rear/seat-heating running', 'zone-front/air-quality running'];

async function startScriptedStand() {
  const stand = await startStand();
  stand.nodeAgent.fleet = RUNNING;
  const told = async (entry: object) => (await stand.control('POST', '/script', entry)).status;
  const outcomes = async () => (await stand.calls()).map(({ outcome }) => outcome);
  const attempt = (options = {}) =>
    stand.client.reconcile(REPAIR, options).then(
      ({ status, desc }) => `${status} ${desc}`,
      (error: unknown) => Code[ConnectError.from(error).code],
    );
  return { ...stand, told, outcomes, attempt };
}

test('fail fails as often as told, with the code and text given', async () => {
  const { client, told, attempt, outcomes } = await startScriptedStand();
  expect(await told({ behaviour: 'fail', times: 2, code: 'failed_precondition', desc: 'not now' })).toBe(200);
  await expect(client.reconcile(REPAIR)).rejects.toMatchObject({
    code: Code.FailedPrecondition,
    rawMessage: 'not now',
  });
  expect(await attempt()).toBe('FailedPrecondition');
  expect(await attempt()).toMatch(/^0 /);
  expect(await outcomes()).toEqual(['failed', 'failed', 'answered']);
});

test("refuse answers with the method's own way to say no", async () => {
  const { client, told, attempt, nodeAgent } = await startScriptedStand();
  await told({ behaviour: 'refuse', desc: 'no hands free' });
  await told({ method: 'OffloadModel', behaviour: 'refuse', desc: 'no room' });
  await told({ method: 'CompleteNetworkSetting', behaviour: 'refuse' });
  expect(await attempt()).toBe('1 no hands free');
  expect(await client.offloadModel({})).toMatchObject({ success: false, message: 'no room' });
  expect(await client.completeNetworkSetting({})).toMatchObject({ acknowledged: false });
  expect(nodeAgent.orders).toEqual([]);
});

test('hang answers nothing until the caller leaves', async () => {
  const { told, attempt, calls, outcomes } = await startScriptedStand();
  await told({ behaviour: 'hang' });
  const leave = new AbortController();
  const attempted = attempt({ signal: leave.signal });
  await eventually(async () => expect(await outcomes()).toEqual(['pending']));
  leave.abort();
  expect(await attempted).toBe('Canceled');
  await eventually(async () => expect(await outcomes()).toEqual(['cancelled']));
  expect((await calls())[0]).toMatchObject({ scripted: 'hang' });
});

test('a hanging call ends with its deadline, and when the service is closed', async () => {
  const { told, attempt, controller, outcomes } = await startScriptedStand();
  await told({ behaviour: 'hang', times: 2 });
  expect(await attempt({ timeoutMs: 50 })).toBe('DeadlineExceeded');
  const attempted = attempt();
  await eventually(async () => expect(await outcomes()).toEqual(['cancelled', 'pending']));
  await controller.close();
  expect(await attempted).toBe('Unavailable');
});

test('delay does the real thing later', async () => {
  const { told, attempt, calls } = await startScriptedStand();
  await told({ behaviour: 'delay', delayMs: 60 });
  expect(await attempt()).toMatch(/^0 /);
  const [call] = await calls();
  // Timers may fire a millisecond early.
  expect(Date.parse(call?.endedAt ?? '') - Date.parse(call?.at ?? '')).toBeGreaterThanOrEqual(58);
});

test('die cuts the connection in the middle of the call, and the next one is served', async () => {
  const { told, attempt, outcomes } = await startScriptedStand();
  await told({ behaviour: 'die' });
  expect(await attempt()).toMatch(/^(Unavailable|Aborted|Canceled|Internal|Unknown)$/);
  expect(await attempt()).toMatch(/^0 /);
  expect(await outcomes()).toEqual(['cut', 'answered']);
});

test('an entry is only for its method and scenario', async () => {
  const { client, told, attempt, control } = await startScriptedStand();
  await told({ behaviour: 'fail', scenario: 'helloworld' });
  await told({ method: 'TriggerAction', behaviour: 'fail' });
  expect(await attempt()).toMatch(/^0 /);
  await expect(client.reconcile({ ...REPAIR, scenarioName: 'helloworld' })).rejects.toMatchObject({
    code: Code.Internal,
  });
  expect((await control('GET', '/script')).body['script']).toMatchObject([{ method: 'TriggerAction', times: 1 }]);
  await control('DELETE', '/script');
  expect((await control('GET', '/script')).body).toEqual({ script: [] });
});

test('calls are listed with their fields, metadata and answer until a reset', async () => {
  const { client, calls, control, attempt } = await startScriptedStand();
  await client.reconcile(REPAIR, { headers: { 'x-intent': 'cabin-comfort/7' } });
  const [call] = await calls();
  expect(call).toMatchObject({
    id: 1,
    method: 'Reconcile',
    request: { scenario_name: 'cabin-comfort', current: 'FAILED', desired: 'RUNNING' },
    metadata: { 'x-intent': 'cabin-comfort/7' },
    outcome: 'answered',
    answer: { status: 0, desc: "repair of 'cabin-comfort': nothing to do" },
  });
  expect(new Date(call?.at ?? '').toISOString()).toBe(call?.at);
  await control('POST', '/reset');
  expect(await calls()).toEqual([]);
  await attempt();
  expect((await calls()).map(({ id }) => id)).toEqual([2]);
});

test.each([
  [{}, /behaviour: must be one of/],
  [{ behaviour: 'explode', times: 0, code: 'x', delayMs: -1, desc: 1, scenario: 2, foo: 3 }, /foo.*behaviour.*times/],
  [{ method: 'Nix', behaviour: 'fail' }, /method: must be one of TriggerAction, Reconcile/],
  [{ behaviour: 'delay' }, /delayMs/],
  [null, /JSON object/],
])('the script entry %j is refused', async (entry, error) => {
  const { control } = await startScriptedStand();
  const answer = await control('POST', '/script', entry);
  expect(answer).toMatchObject({ status: 400, body: { error: matching(error) } });
  expect((await control('GET', '/script')).body).toEqual({ script: [] });
});

test('control requests that make no sense are answered clearly', async () => {
  const { controller, control } = await startScriptedStand();
  const url = `http://${controller.control}/script`;
  expect((await fetch(url, { method: 'POST', body: '{' })).status).toBe(400);
  expect((await fetch(url, { method: 'POST', body: 'x'.repeat(70_000) })).status).toBe(413);
  expect(await control('GET', '/nix')).toMatchObject({
    status: 404,
    body: { error: matching(/GET \/calls/) },
  });
  expect((await control('GET', '/healthz')).status).toBe(200);
});
