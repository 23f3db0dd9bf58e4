import { describe, expect, it } from 'vitest';
import { refuseFailed } from '../kit/controller.ts';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { crashed, startControllerFor, startStand } from './stand.ts';
import { sqliteUnderTest, valueOf, type StoreUnderTest } from './stores.ts';

const QUICK = { 'reconcile-initial-backoff-ms': '100', 'reconcile-max-backoff-ms': '200' };

describe('an ActionController that refuses or hangs', () => {
  it('FAILED refused: the intent says why, and `--reconcile-current done` is accepted', async ({ onTestFinished }) => {
    const store = await storeWith(onTestFinished, 'p1', 'p2');
    const controller = await startControllerFor(onTestFinished, refuseFailed);
    const flags = { 'action-controller': controller.url, ...QUICK };
    const first = await startStand(onTestFinished, store.url, flags);
    await first.peer.report('n1', crashed('p1-a', 'p2-a'));
    // Each package is refused for itself, and tried again after its own backoff.
    for (const name of ['p1', 'p2']) await eventually(() => expect(timesAsked(controller, name)).toBeGreaterThan(1));
    await first.service.waitForLog(({ msg, outcome }) => msg === 'reconcile answered' && outcome === 'refused');
    await first.peer.report('n2', []);
    await first.kill();
    for (const name of ['p1', 'p2']) {
      const { lastAttempt } = JSON.parse(valueOf(await store.read(), `/statemanager/reconcile/${name}`) ?? '{}') as {
        lastAttempt: { outcome: string; detail: string };
      };
      // The kill may have come while another attempt ran.
      expect(['refused', 'started']).toContain(lastAttempt.outcome);
      if (lastAttempt.outcome === 'refused') expect(lastAttempt.detail).toContain('Invalid current status');
    }

    const second = await startStand(onTestFinished, store.url, { ...flags, 'reconcile-current': 'done' });
    for (const scenario of ['p1', 'p2']) {
      await second.service.waitForLog((line) => line.outcome === 'accepted' && line.scenario === scenario);
    }
    expect(controller.calls.at(-1)?.request).toMatchObject({ current: 'DONE', desired: 'RUNNING' });
  });

  it('one scenario refused: its intent keeps the reason, and others are served', async ({ onTestFinished }) => {
    const store = await storeWith(onTestFinished, 'unwanted', 'wanted');
    const controller = await startControllerFor(onTestFinished, ({ request }) =>
      request.scenario_name === 'unwanted' ? { status: 7, desc: 'no such scenario' } : { status: 0, desc: 'ok' },
    );
    // No second attempt within the test, so that what is stored is how the first ended.
    const flags = { 'action-controller': controller.url, 'reconcile-initial-backoff-ms': '600000' };
    const { peer, service, kill } = await startStand(onTestFinished, store.url, {
      ...flags,
      'reconcile-max-backoff-ms': '600000',
    });
    await peer.report('n1', crashed('unwanted-a', 'wanted-a'));
    await service.waitForLog(({ scenario, outcome }) => scenario === 'unwanted' && outcome === 'refused');
    await service.waitForLog(({ scenario, outcome }) => scenario === 'wanted' && outcome === 'accepted');
    await peer.report('n2', []);
    await kill();
    const contents = await store.read();
    const stored = (name: string): object =>
      JSON.parse(valueOf(contents, `/statemanager/reconcile/${name}`) ?? '{}') as object;
    const detail = expect.stringContaining('no such scenario') as string;
    expect(stored('unwanted')).toMatchObject({ attempts: 1, lastAttempt: { outcome: 'refused', detail } });
    expect(stored('wanted')).toMatchObject({ attempts: 1, lastAttempt: { outcome: 'accepted' } });
    expect(controller.calls).toHaveLength(2);
  });

  it('calls that hang hold up neither other packages nor reports', async ({ onTestFinished }) => {
    const store = await storeWith(onTestFinished, 'stuck-1', 'stuck-2', 'stuck-3', 'fine');
    const controller = await startControllerFor(onTestFinished, ({ request }) =>
      String(request.scenario_name).startsWith('stuck') ? 'hang' : { status: 0, desc: 'ok' },
    );
    const { peer, service } = await startStand(onTestFinished, store.url, {
      'action-controller': controller.url,
      'reconcile-deadline-ms': '400',
      'reconcile-in-flight-count': '2',
      'reconcile-initial-backoff-ms': '2000',
    });
    await peer.report('n1', crashed('stuck-1-a', 'stuck-2-a', 'stuck-3-a'));
    await eventually(() => expect(controller.calls).toHaveLength(2));
    // More hang than may be in flight, and one more package dies behind them.
    for (let i = 0; i < 20; i += 1) await peer.report('n2', crashed(`other-${i}`), 2000);
    await peer.report('n3', crashed('fine-a'));
    await service.waitForLog(({ scenario, outcome }) => scenario === 'fine' && outcome === 'accepted');
    expect(timesAsked(controller, 'fine')).toBe(1);
    await service.waitForLog(({ scenario, outcome }) => scenario === 'stuck-1' && outcome === 'failed');
  });

  it('a controller that dies in the middle of a call is asked again when it is back', async ({ onTestFinished }) => {
    const store = await storeWith(onTestFinished, 'p1');
    const dying = await startControllerFor(onTestFinished, () => 'hang');
    const flags = { 'action-controller': dying.url, ...QUICK };
    const { peer } = await startStand(onTestFinished, store.url, flags);
    await peer.report('n1', crashed('p1-a'));
    await eventually(() => expect(dying.calls).toHaveLength(1));
    dying.stop();
    const next = await startControllerFor(onTestFinished, undefined, dying.port);
    await eventually(() => expect(timesAsked(next, 'p1')).toBe(1));
    const ids = [dying, next].map(({ calls }) => calls[0]?.metadata['statemanager-intent-id']);
    expect(ids[0], 'the same intent, so that a repeated call can be told').toBe(ids[1]);
  });
});

/** Packages of one model each, `<package>-a`, without scenarios. */
async function storeWith(
  afterwards: (undo: () => Promise<void>) => void,
  ...packages: readonly string[]
): Promise<StoreUnderTest> {
  const store = sqliteUnderTest();
  afterwards(() => store.dispose());
  for (const name of packages) await store.put(`Package/${name}`, packageYaml(name, [`${name}-a`]));
  return store;
}

function timesAsked(
  { calls }: { readonly calls: readonly { readonly request: Readonly<Record<string, unknown>> }[] },
  scenario: string,
): number {
  return calls.filter(({ request }) => request.scenario_name === scenario).length;
}
