import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml, scenarioYaml } from './documents.ts';
import { crashed, startControllerFor, startStand } from './stand.ts';
import { etcdUnderTest, type EtcdUnderTest } from './stores.ts';

/** What makes an intent wait, what its log line says, and what ends the wait: documents that ApiServer writes. */
const CASES = [
  {
    title: 'its scenario terminates the package, until the scenario is changed',
    documents: { 'Scenario/off': scenarioYaml('off', 'cabin', 'terminate') },
    says: 'scenario off terminates package cabin',
    change: { 'Scenario/off': scenarioYaml('off', 'cabin', 'launch') },
    askedAs: 'off',
  },
  {
    title: 'the scenario of its name targets another package, until one targets it',
    documents: { 'Scenario/cabin': scenarioYaml('cabin', 'elsewhere') },
    says: 'no scenario targets package cabin, and the scenario of that name targets elsewhere',
    change: { 'Scenario/warm': scenarioYaml('warm', 'cabin') },
    askedAs: 'warm',
  },
  {
    title: 'the scenario of its name targets another package, until it targets this one',
    documents: { 'Scenario/cabin': scenarioYaml('cabin', 'elsewhere') },
    says: 'no scenario targets package cabin, and the scenario of that name targets elsewhere',
    change: { 'Scenario/cabin': scenarioYaml('cabin', 'cabin') },
    askedAs: 'cabin',
  },
] as const;

describe('an intent waits while', () => {
  let store: EtcdUnderTest;

  beforeAll(async () => void (store = await etcdUnderTest()));
  beforeEach(() => store.empty());
  afterAll(() => store.dispose());

  it.for(CASES)('$title', async ({ documents, says, change, askedAs }, { onTestFinished }) => {
    for (const [key, text] of Object.entries(documents)) await store.put(key, text);
    await store.put('Package/cabin', packageYaml('cabin', ['cabin-a']));
    await store.put('Package/other', packageYaml('other', ['other-a']));
    const controller = await startControllerFor(onTestFinished);
    const { peer, service } = await startStand(onTestFinished, store.url, { 'action-controller': controller.url });
    await peer.report('n1', crashed('cabin-a'));
    await service.waitForLog(({ msg, why }) => msg === 'reconcile waits' && why === says);
    await peer.report('n2', crashed('other-a'));
    await service.waitForLog(({ scenario, outcome }) => scenario === 'other' && outcome === 'accepted');
    expect(controller.calls.map(({ request }) => request.scenario_name)).toEqual(['other']);

    for (const [key, text] of Object.entries(change)) await store.put(key, text);
    await eventually(() => expect(controller.calls).toHaveLength(2));
    expect(controller.calls[1]?.request).toEqual({ scenario_name: askedAs, current: 'FAILED', desired: 'RUNNING' });
  });
});
