import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message, type WireResource } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

const NEVER_MS = '86400000';

describe('resources, as grpc-js reads them', () => {
  let world: World;
  let api: ApiPeer;

  beforeAll(async () => {
    world = await startWorld(['--missing-grace-ms', NEVER_MS]);
    await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    api = connectApi(world.service.address);
    world.controller.behave(() => ({ status: 7, desc: 'not today' }));
    await api.apply(packageYaml('drive', ['core', 'display', 'spare']), scenarioYaml('launch-drive', 'drive'));
    await api.apply(packageYaml('air', ['fan']));
    await world.peer.report('hpc', [container('core', '/core-1', 'running'), container('display', '/d', 'running')]);
    await world.peer.report('zone', [container('core', '/core-2', 'running'), container('fan', '/fan', 'running')]);
    await world.peer.report('zone', [
      container('core', '/core-2', 'exited', { exitCode: 137, oom: true }),
      container('fan', '/fan', 'exited', { exitCode: 1 }),
    ]);
    await world.peer.change({ resource_name: 'launch-drive', target_state: 'waiting', source: 'filtergateway' });
    await eventually(async () => {
      const { intents } = await api.call('ReconcileService/ListIntents');
      expect(intents).toEqual([expect.objectContaining({ attempts: 1 })]);
    });
  });

  afterAll(async () => {
    api.close();
    await world.stop();
  });

  const time = { seconds: expect.stringMatching(/^\d{10}$/) as string, nanos: expect.any(Number) as number };
  const text = expect.stringMatching(/./) as string;

  it('show a model with its containers by node', async () => {
    const model = await api.get('model', 'core');
    const record = await world.record('model', 'core');
    expect(model).toMatchObject({
      kind: 'model',
      name: 'core',
      state: 'Dead',
      rule: 'model.dead',
      cause: record.cause,
      source: 'node/zone',
      generation: '2',
      stale: false,
      in_doubt: false,
      detail: 'model',
      since: time,
      model: {
        counts: { Dead: 1, Running: 1 },
        packages: ['drive'],
        missing: false,
        nodes: [
          {
            node: 'hpc',
            containers: [{ name: 'core-1', state: 'Running', rule: 'container.running', since: time }],
            observed_at: time,
            last_heard_at: time,
            confirmed: true,
          },
          {
            node: 'zone',
            containers: [{ name: 'core-2', state: 'Dead', rule: 'container.dead', exit_code: 137, oom_killed: true }],
            confirmed: true,
          },
        ],
      },
    });
    expect(Number(model.revision)).toBeGreaterThan(0);
  });

  it('show no exit code of what did not end', async () => {
    const { model } = (await api.get('model', 'core')) as unknown as { model: { nodes: { containers: Message[] }[] } };
    const [running, dead] = model.nodes.map(({ containers }) => containers[0]);
    expect(running).not.toHaveProperty('exit_code');
    expect(running?.oom_killed).toBe(false);
    expect(dead).toHaveProperty('exit_code', 137);
  });

  it('show a package with its models, counts, definition and reconcile', async () => {
    expect(await api.get('package', 'drive')).toMatchObject({
      state: 'Degraded',
      rule: 'package.degraded',
      cause: text,
      source: 'node/zone',
      since: time,
      package: {
        models: [
          { name: 'core', state: 'Dead' },
          { name: 'display', state: 'Running' },
          { name: 'spare', state: 'Created' },
        ],
        counts: { Dead: 1, Running: 1, Created: 1 },
        scenarios: ['launch-drive'],
        reconcile: null,
        reconcile_paused: false,
      },
    });
    const air = (await api.get('package', 'air')) as unknown as { state: string; package: Message };
    const { definition } = await world.record('package', 'air');
    expect(air).toMatchObject({
      state: 'Error',
      package: {
        definition_revision: String((definition as { revision: number }).revision),
        reconcile: {
          package: 'air',
          attempts: 1,
          backoff_attempts: 1,
          since: time,
          last_attempt: { outcome: 'refused', at: time, detail: expect.stringContaining('not today') as string },
          next_attempt_at: time,
          waits_because: '',
        },
      },
    });
  });

  it('show a scenario with its target and where it may go', async () => {
    expect(await api.get('scenario', 'launch-drive')).toMatchObject({
      state: 'Waiting',
      rule: 'scenario.requested',
      source: 'filtergateway',
      scenario: { target: 'drive', action: 'launch', allowed_states: ['Satisfied', 'Idle'] },
    });
  });

  it('show a node', async () => {
    expect(await api.get('node', 'zone')).toMatchObject({
      state: '',
      stale: false,
      node: { confirmed: true, models: ['core', 'fan'], counts: { Dead: 2 }, observed_at: time, last_heard_at: time },
    });
  });

  it('are listed by kind and name', async () => {
    const names = (resources: readonly WireResource[]): string[] =>
      resources.map(({ kind, name }) => `${kind}/${name}`);
    const everything = [
      ...['scenario/launch-drive', 'package/air', 'package/drive'],
      ...['model/core', 'model/display', 'model/fan', 'model/spare', 'node/hpc', 'node/zone'],
    ];
    expect(names(await api.list())).toEqual(everything);
    expect(names(await api.list({ states: ['dead', 'ERROR'] }))).toEqual(['package/air', 'model/core', 'model/fan']);
    expect(names(await api.list({ package: 'drive', kinds: ['scenario', 'model'] }))).toEqual([
      ...['scenario/launch-drive', 'model/core', 'model/display', 'model/spare'],
    ]);
    const paged: string[] = [];
    let page_token = '';
    const revisions = new Set<unknown>();
    do {
      const page = await api.call('StateService/ListResources', { page_size: 2, page_token });
      paged.push(...names(page.resources as readonly WireResource[]));
      revisions.add(page.revision);
      page_token = page.next_page_token as string;
    } while (page_token !== '');
    expect(paged).toEqual(everything);
    expect(revisions.size).toBe(1);
  });

  it('have a history, newest first, each with the revision of its commit', async () => {
    const { transitions } = await api.call('StateService/ListTransitions', { kind: 'package', name: 'air' });
    expect((transitions as Message[]).map(({ from, to, rule }) => [from, to, rule])).toEqual([
      ['Running', 'Error', 'package.error'],
      ['Idle', 'Running', 'package.running'],
      ['', 'Idle', 'package.idle'],
    ]);
    const scenario = { kind: 'SCENARIO', name: 'launch-drive', limit: 1 };
    expect((await api.call('StateService/ListTransitions', scenario)).transitions).toEqual([
      expect.objectContaining({ to: 'Waiting', transition_id: expect.stringMatching(/^test-/) as string, at: time }),
    ]);
    const all = (await api.call('StateService/ListTransitions', {})).transitions as Message[];
    const revisions = all.map(({ revision }) => Number(revision));
    expect(revisions).toEqual([...revisions].sort((a, b) => b - a));
    expect(all[0]).toMatchObject({ name: 'launch-drive' });
    expect((await api.call('StateService/ListTransitions', { limit: 3 })).transitions).toEqual(all.slice(0, 3));
  });

  it('are explained down to a container’s exit code, with what would change them', async () => {
    const { explanation } = await api.call('StateService/ExplainResource', { kind: 'package', name: 'air' });
    expect(explanation).toMatchObject({
      kind: 'package',
      state: 'Error',
      rule: 'package.error',
      because: [
        {
          kind: 'model',
          name: 'fan',
          rule: 'model.dead',
          because: [
            {
              kind: 'container',
              name: 'zone/fan',
              rule: 'container.dead',
              text: expect.stringContaining('1') as string,
            },
          ],
        },
      ],
      would_change: expect.arrayContaining([expect.objectContaining({ any_of: ['fan'], gives: 'Running' })]) as unknown,
    });
  });

  it('are NOT_FOUND where nothing is known', async () => {
    for (const kind of ['scenario', 'package', 'model', 'node']) {
      expect(await api.failure('StateService/GetResource', { kind, name: 'nobody' })).toMatchObject({
        code: 'NOT_FOUND',
        details: `${kind} nobody is not known`,
      });
    }
    expect(await api.failure('StateService/ExplainResource', { kind: 'model', name: 'nobody' })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('are stale after a restart, until their nodes report; a silent node stays so', async () => {
    const pausedBefore = await api.list();
    api.close();
    await world.crash();
    api = connectApi(world.service.address);
    await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    const stale = async (): Promise<readonly string[]> => (await api.list({ stale: true })).map(({ name }) => name);
    expect(await stale()).toEqual(['air', 'drive', 'core', 'display', 'fan', 'hpc', 'zone']);
    const facts = ({ kind, name, state, rule, since, generation }: WireResource): unknown => ({
      ...{ kind, name, state, rule, since, generation },
    });
    expect((await api.list()).map(facts)).toEqual(pausedBefore.map(facts));
    expect(await api.get('node', 'hpc')).toMatchObject({ node: { confirmed: false, last_heard_at: null } });
    await world.peer.report('hpc', [container('core', '/core-1', 'running'), container('display', '/d', 'running')]);
    expect(await stale()).toEqual(['air', 'drive', 'core', 'fan', 'zone']);
    expect(await api.get('model', 'core')).toMatchObject({
      stale: true,
      model: {
        nodes: [
          { node: 'hpc', confirmed: true },
          { node: 'zone', confirmed: false, last_heard_at: null },
        ],
      },
    });
  });

  it('are in doubt while a container is Unknown, and say so in the list', async () => {
    await world.peer.report('hpc', [container('core', '/core-1', 'running'), container('display', '/d', 'unknown')]);
    expect((await api.list()).filter((resource) => resource.in_doubt).map(({ name }) => name)).toEqual([
      'drive',
      'display',
    ]);
    expect(await api.get('model', 'display')).toMatchObject({
      state: 'Running',
      in_doubt: true,
      model: { nodes: [{ containers: [{ state: 'Unknown', rule: 'container.unknown' }] }] },
    });
  });
});
