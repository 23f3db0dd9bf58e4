import { expect } from 'vitest';
import { container, type Peer } from '../kit/peer.ts';
import { eventually } from '../kit/eventually.ts';
import { packageYaml, scenarioYaml } from '../faults/documents.ts';
import { crashed, running, startControllerFor, startStand, type Afterwards } from '../faults/stand.ts';
import type { StoreUnderTest } from '../faults/stores.ts';

/** All that nodes say in this story; said again word by word, it changes nothing. */
export async function tellReports(peer: Peer): Promise<void> {
  await peer.report('n1', [
    ...crashed('dead-a', 'dead-b'),
    ...running('alive', 'asked'),
    container('stopped', 'stopped-1', 'exited'),
  ]);
  await peer.report('n2', [...running('alive'), container('frozen', '/frozen-1', 'paused')]);
  await peer.report('n3', []);
}

/** What components asked for, and what was applied then: repeated with the same id, it changes nothing. */
export const ASKED = [
  { resource_type: 'RESOURCE_TYPE_SCENARIO', resource_name: 'tour', target_state: 'idle', transition_id: 'asked-1' },
  { resource_type: 'RESOURCE_TYPE_SCENARIO', resource_name: 'tour', target_state: 'waiting', transition_id: 'asked-2' },
  { resource_type: 'RESOURCE_TYPE_PACKAGE', resource_name: 'held', target_state: 'Paused', transition_id: 'asked-3' },
  { resource_type: 'RESOURCE_TYPE_MODEL', resource_name: 'alone', target_state: 'Dead', transition_id: 'asked-4' },
] as const;

/** Has a service decide something of every kind on a store, and ends it. */
export async function playStory(afterwards: Afterwards, store: StoreUnderTest): Promise<void> {
  await store.put('Package/broken', packageYaml('broken', ['dead-a', 'dead-b']));
  await store.put('Package/fine', packageYaml('fine', ['alive', 'stopped', 'frozen']));
  await store.put('Package/held', packageYaml('held', ['alive']));
  await store.put('Package/gap', packageYaml('gap', ['gone']));
  await store.put('Package/unreadable', 'kind: [');
  await store.put('Scenario/broken', scenarioYaml('broken', 'broken'));
  await store.put('Model/alive', 'kind: Model\nmetadata:\n  name: alive\n  note: "\u2028 é 😀"\n');
  const controller = await startControllerFor(afterwards);
  const { peer, service, kill } = await startStand(afterwards, store.url, { 'action-controller': controller.url });
  await peer.report('n3', running('gone', 'passing'));
  await tellReports(peer);
  for (const request of ASKED) expect((await peer.change(request)).error_code).toBe('ERROR_CODE_SUCCESS');
  await eventually(() => expect(controller.of('Reconcile')).toHaveLength(1));
  await service.waitForLog((line) => line.msg === 'reconcile answered');
  // An answer to something later: the outcome of the call was in the queue before it.
  await peer.report('n4', running('alive'));
  await kill();
}
