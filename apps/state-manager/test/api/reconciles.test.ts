import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { packageYaml, scenarioYaml, startWorld, type World } from '../kit/world.ts';

/** Long enough that nothing is tried again by itself. */
const NEVER_MS = '3600000';

let world: World;
let api: ApiPeer;
let packagesCount = 0;

beforeAll(async () => {
  const flags = { 'reconcile-initial-backoff-ms': NEVER_MS, 'reconcile-max-backoff-ms': NEVER_MS };
  world = await startWorld(Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]));
  await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(world.service.address);
});

afterAll(async () => {
  api.close();
  await world.stop();
});

/** A package of its own for each test. */
let name: string;
beforeEach(() => {
  name = `p${(packagesCount += 1)}`;
  world.controller.behave(() => ({ status: 7, desc: 'not today' }));
});

const kill = (of = name): Promise<unknown> =>
  world.peer.report(`on-${of}`, [container(`m-${of}`, '/m', 'exited', { exitCode: 1 })]);
const heal = (of = name): Promise<unknown> => world.peer.report(`on-${of}`, [container(`m-${of}`, '/m', 'running')]);
const define = (of = name): Promise<unknown> => api.apply(packageYaml(of, [`m-${of}`]));
const steer = (verb: 'Retry' | 'Pause' | 'Resume', of = name): Promise<Message> =>
  api.call(`ReconcileService/${verb}Reconcile`, { package: of, ...(verb === 'Retry' ? {} : { source: 'me' }) });
const asked = (of = name): number =>
  world.controller.of('Reconcile').filter(({ request }) => request.scenario_name === of).length;

async function intentOf(of = name): Promise<Message | undefined> {
  const { intents } = await api.call('ReconcileService/ListIntents');
  return (intents as readonly Message[]).find((intent) => intent.package === of);
}

/** Waits until an attempt of a package was answered and noted. */
const answered = (attempts: number, of = name): Promise<void> =>
  eventually(async () => {
    const intent = await intentOf(of);
    expect(intent).toMatchObject({
      attempts,
      last_attempt: { outcome: expect.stringMatching(/^(?!started)/) as string },
    });
    expect(intent?.waits_because).toBe('');
  });

describe('ListIntents', () => {
  it('shows attempts, the last error, the next time and why one waits, by package', async () => {
    const [terminated, refused] = [`a-${name}`, `b-${name}`];
    await api.apply(scenarioYaml(`s-${name}`, terminated).replace('launch', 'terminate'));
    for (const of of [refused, terminated]) {
      await define(of);
      await kill(of);
    }
    await answered(1, refused);
    await eventually(async () => expect((await intentOf(terminated))?.waits_because).toMatch(/terminates package/));
    const { intents, revision } = await api.call('ReconcileService/ListIntents');
    const time = expect.objectContaining({ seconds: expect.stringMatching(/^\d{10}$/) as string }) as unknown;
    expect(intents).toEqual([
      expect.objectContaining({ package: terminated, attempts: 0, last_attempt: null, next_attempt_at: null }),
      expect.objectContaining({
        package: refused,
        id: `${refused}/2`,
        attempts: 1,
        backoff_attempts: 1,
        since: time,
        last_attempt: { at: time, outcome: 'refused', detail: expect.stringContaining('not today') as string },
        next_attempt_at: time,
        waits_because: '',
      }),
    ]);
    expect(Number(revision)).toBeGreaterThan(0);
    for (const of of [terminated, refused]) await heal(of);
    expect((await api.call('ReconcileService/ListIntents')).intents).toEqual([]);
  });
});

describe('RetryReconcile', () => {
  it('asks at once, whatever the backoff says, and shows the intent', async () => {
    await define();
    await kill();
    await answered(1);
    expect(asked()).toBe(1);
    world.controller.behave(() => ({ status: 0, desc: 'ok' }));
    expect(await steer('Retry')).toMatchObject({ intent: { package: name, id: `${name}/2` } });
    await answered(2);
    expect(asked()).toBe(2);
    expect(await intentOf()).toMatchObject({ last_attempt: { outcome: 'accepted' } });
  });

  it('is refused where there is nothing to ask for', async () => {
    expect(await api.failure('ReconcileService/RetryReconcile', { package: 'nobody' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    await define();
    await heal();
    expect(await api.failure('ReconcileService/RetryReconcile', { package: name })).toMatchObject({
      code: 'FAILED_PRECONDITION',
      details: `package ${name} has nothing to reconcile`,
    });
    await kill();
    await answered(1);
    await steer('Pause');
    expect(await api.failure('ReconcileService/RetryReconcile', { package: name })).toMatchObject({
      code: 'FAILED_PRECONDITION',
      details: expect.stringContaining('paused') as string,
    });
    expect(asked()).toBe(1);
  });
});

describe('PauseReconcile and ResumeReconcile', () => {
  it('keep ActionController from being asked, also over a restart, until they are taken back', async () => {
    await define();
    await steer('Pause');
    await world.service.waitForLog((line) => line.msg === 'reconcile-paused' && line.source === 'me');
    await kill();
    expect(await intentOf()).toMatchObject({
      attempts: 0,
      next_attempt_at: null,
      waits_because: `reconciles of package ${name} are paused`,
    });
    const paused = { state: 'Error', package: { reconcile_paused: true, reconcile: { attempts: 0 } } };
    expect(await api.get('package', name)).toMatchObject(paused);

    api.close();
    await world.crash();
    await world.service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    api = connectApi(world.service.address);
    const later = `${name}-later`;
    await define(later);
    await kill(later);
    await answered(1, later);
    expect(asked()).toBe(0);
    expect(await api.get('package', name)).toMatchObject(paused);

    await steer('Resume');
    await answered(1);
    expect(asked()).toBe(1);
    expect(await api.get('package', name)).toMatchObject({ package: { reconcile_paused: false } });
  });

  it('asks at once when it is resumed, whatever the backoff says, and once only', async () => {
    await define();
    await kill();
    await answered(1);
    await steer('Resume');
    await steer('Pause');
    expect(asked()).toBe(1);
    await steer('Resume');
    await answered(2);
    await steer('Resume');
    await define(`${name}-later`);
    await kill(`${name}-later`);
    await answered(1, `${name}-later`);
    expect(asked()).toBe(2);
  });

  it('may be asked for twice', async () => {
    await define();
    for (const verb of ['Pause', 'Pause', 'Resume', 'Resume'] as const) expect(await steer(verb)).toEqual({});
  });

  it('are forgotten with the package', async () => {
    await define();
    await steer('Pause');
    await api.call('DefinitionService/DeleteDefinition', { kind: 'Package', name });
    await define();
    await kill();
    await answered(1);
    expect(await api.get('package', name)).toMatchObject({ package: { reconcile_paused: false } });
  });

  it('are NOT_FOUND for a package that is not known', async () => {
    for (const verb of ['Pause', 'Resume']) {
      expect(await api.failure(`ReconcileService/${verb}Reconcile`, { package: 'nobody' })).toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });
});
