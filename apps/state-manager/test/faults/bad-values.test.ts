import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import type { LogLine } from '../kit/state-manager.ts';
import { packageYaml, scenarioYaml } from './documents.ts';
import { brokenRules } from './naive-rules.ts';
import { crashed, running, startControllerFor, startStand } from './stand.ts';
import { etcdUnderTest, sqliteUnderTest, valueOf, type StoreUnderTest } from './stores.ts';

/** Values that no release of ours writes, each with the part of the log line that says what is wrong. */
const GARBAGE = {
  '/package/x/state': ['Flying', 'is no state of a package'],
  '/model/x/state': ['', 'is no state of a model'],
  '/scenario/x/state': ['SCENARIO_STATE_RUNNING', 'is no state of a scenario'],
  '/package/x/y': ['Running', 'does not belong there'],
  '/statemanager/record/package/x': ['{', 'cannot be read'],
  '/statemanager/record/model/x': ['{"v":99}', 'version 99'],
  '/statemanager/record/scenario/x': ['{"v":1,"state":"Sideways"}', 'cannot be read'],
  '/statemanager/record/nothing/x': ['{}', 'does not belong there'],
  '/statemanager/node/x': [
    '{"v":1,"observedAt":1,"models":{"m":[["c","container.flying",1]]}}',
    'is no container rule',
  ],
  '/statemanager/node/y': ['[]', 'must be an object'],
  '/statemanager/reconcile/x': ['null', 'must be an object'],
  '/statemanager/history/model/x/1': ['?', undefined],
  'Package/x': ['kind: Package\nmetadata: {name: x', undefined],
  'Package/wrong-kind': [scenarioYaml('wrong-kind', 'good'), 'kind must be Package'],
  'Package/wrong-name': [packageYaml('other-name', ['m']), 'metadata.name must be "wrong-name"'],
  'Package/bad-model': [packageYaml('bad-model', ['"no name"']), 'spec.models[0].name'],
  'Scenario/x': ['- just\n- a list', 'the document must be a mapping'],
} as const satisfies Record<string, readonly [string, string | undefined]>;

describe('bad values in the store', () => {
  let store: StoreUnderTest;
  beforeEach(async () => {
    store = sqliteUnderTest();
    await store.put('Package/good', packageYaml('good', ['good-a']));
  });
  afterEach(() => store.dispose());

  it('are named by key, left as they are, and hold up nobody else', async ({ onTestFinished }) => {
    for (const [key, [value]] of Object.entries(GARBAGE)) await store.put(key, value);
    const controller = await startControllerFor(onTestFinished);
    const { peer, service, kill } = await startStand(onTestFinished, store.url, {
      'action-controller': controller.url,
    });
    await peer.report('n1', crashed('good-a'));
    await eventually(() => expect(controller.calls).toHaveLength(1));
    await peer.report('n1', running('good-a'));
    await peer.change({ resource_name: 'fresh', target_state: 'idle' });
    await kill();

    const said = service.logs.filter(({ level }) => level === 'error');
    for (const [key, [, problem]] of Object.entries(GARBAGE)) {
      if (key.startsWith('/statemanager/history/')) continue;
      const named = said.find((line) => line.key === key || String(line.problem).includes(` ${key} `));
      expect(named, `a line about ${key}`).toBeDefined();
      if (problem !== undefined) expect(String(named?.problem)).toContain(problem);
    }
    const after = await store.read();
    for (const [key, [value]] of Object.entries(GARBAGE)) expect(valueOf(after, key), key).toBe(value);
    expect(valueOf(after, '/package/good/state')).toBe('Running');
    expect(valueOf(after, '/scenario/fresh/state')).toBe('Idle');
  });

  it('are replaced as soon as it is known what is true', async ({ onTestFinished }) => {
    const first = await startStand(onTestFinished, store.url);
    await first.peer.report('n1', crashed('good-a'));
    await first.kill();
    for (const key of ['/package/good/state', '/statemanager/reconcile/good', '/statemanager/record/package/good']) {
      await store.put(key, 'garbage');
    }
    const controller = await startControllerFor(onTestFinished);
    const second = await startStand(onTestFinished, store.url, { 'action-controller': controller.url });
    await eventually(() => expect(controller.calls).toHaveLength(1));
    await second.service.waitForLog(({ msg }) => msg === 'reconcile answered');
    await second.peer.report('n2', []);
    await second.kill();
    expect(brokenRules(await store.read())).toEqual([]);
    expect(valueOf(await store.read(), '/package/good/state')).toBe('Error');
  });

  it('a node whose word cannot be read is believed when it speaks again', async ({ onTestFinished }) => {
    const first = await startStand(onTestFinished, store.url);
    await first.peer.report('n1', running('good-a'));
    await first.kill();
    await store.put('/statemanager/node/n1', 'garbage');
    const second = await startStand(onTestFinished, store.url);
    await second.peer.report('n2', running('other'));
    await second.kill();
    expect(valueOf(await store.read(), '/model/good-a/state'), 'nothing is guessed meanwhile').toBe('Running');
    const third = await startStand(onTestFinished, store.url);
    await third.peer.report('n1', crashed('good-a'));
    await third.kill();
    const contents = await store.read();
    expect(brokenRules(contents)).toEqual([]);
    expect(valueOf(contents, '/package/good/state')).toBe('Error');
  });

  it('what a node had whose word cannot be read is missed when it speaks again without it', async ({
    onTestFinished,
  }) => {
    await store.put('Package/good', packageYaml('good', ['good-a', 'good-b']));
    const first = await startStand(onTestFinished, store.url);
    await first.peer.report('n1', running('good-a', 'elsewhere'));
    await first.peer.report('n2', running('good-b', 'elsewhere'));
    await first.peer.change({ resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'set', target_state: 'Paused' });
    await first.kill();
    for (const node of ['n1', 'n3']) await store.put(`/statemanager/node/${node}`, 'garbage');
    const second = await startStand(onTestFinished, store.url, { 'missing-grace-ms': '0' });
    await second.peer.report('n1', []);
    await second.peer.report('n2', crashed('good-b'));
    const died = (model: string) => (line: LogLine) =>
      line.kind === 'model' && line.name === model && line.to === 'Dead';
    await second.service.waitForLog(died('good-b'));
    expect(second.service.logs.filter(died('good-a')), 'n3 may have it').toEqual([]);
    await second.peer.report('n3', running('good-c'));
    await second.kill();
    const contents = await store.read();
    expect(valueOf(contents, '/model/good-a/state')).toBe('Dead');
    expect(valueOf(contents, '/package/good/state')).toBe('Error');
    expect(valueOf(contents, '/model/set/state')).toBe('Paused');
  });

  it('a state without a record is adopted, in either spelling and any case', async ({ onTestFinished }) => {
    await store.put('/scenario/long/state', 'SCENARIO_STATE_WAITING');
    await store.put('/scenario/bare/state', 'satisfied');
    await store.put('/package/alien/state', 'package_state_paused');
    await store.put('/model/alien/state', 'Exited');
    const { peer, kill } = await startStand(onTestFinished, store.url);
    const changes = [
      { resource_name: 'long', current_state: 'waiting', target_state: 'satisfied' },
      { resource_name: 'bare', current_state: 'SCENARIO_STATE_SATISFIED', target_state: 'ALLOWED' },
      {
        resource_type: 'RESOURCE_TYPE_PACKAGE',
        resource_name: 'alien',
        current_state: 'paused',
        target_state: 'running',
      },
      { resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'alien', current_state: 'exited', target_state: 'dead' },
    ];
    for (const change of changes) expect(await peer.change(change)).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
    await kill();
    const contents = await store.read();
    const states = ['/scenario/long', '/scenario/bare', '/package/alien', '/model/alien'];
    expect(states.map((key) => valueOf(contents, `${key}/state`))).toEqual(['Satisfied', 'Allowed', 'Running', 'Dead']);
    expect(brokenRules(contents)).toEqual([]);
  });

  it('a state key that someone else wrote is put right', async ({ onTestFinished }) => {
    const first = await startStand(onTestFinished, store.url);
    await first.peer.report('n1', running('good-a'));
    await first.kill();
    await store.put('/package/good/state', 'Paused');
    const second = await startStand(onTestFinished, store.url);
    await second.peer.report('n2', running('other'));
    await second.kill();
    const line = second.service.logs.find(({ problem }) => String(problem).includes('/package/good/state'));
    expect(line?.problem).toContain('put right');
    expect(valueOf(await store.read(), '/package/good/state')).toBe('Running');
  });
});

describe('a bad definition that arrives while the service runs, on etcd', () => {
  it('is named, leaves what was known, and the next good one counts', async ({ onTestFinished }) => {
    const store = await etcdUnderTest();
    onTestFinished(() => store.dispose());
    await store.put('Package/p', packageYaml('p', ['a']));
    const { peer, service } = await startStand(onTestFinished, store.url);
    await peer.report('n1', [...running('a'), ...crashed('b')]);
    await store.put('Package/p', 'kind: [Package');
    await service.waitForLog(({ key, msg }) => key === 'Package/p' && String(msg).startsWith('bad definition'));
    await store.put('Package/q', packageYaml('q', ['b']));
    await eventually(async () => expect(valueOf(await store.read(), '/package/q/state')).toBe('Error'));
    await peer.report('n1', [...crashed('a'), ...crashed('b')]);
    expect(valueOf(await store.read(), '/package/p/state'), 'it is still known what p is').toBe('Error');
    await store.put('Package/p', packageYaml('p', ['a', 'c']));
    await eventually(async () => expect(valueOf(await store.read(), '/package/p/state')).toBe('Degraded'));
  });
});
