import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container, type Peer } from '../kit/peer.ts';
import { packageYaml } from './documents.ts';
import { brokenRules } from './naive-rules.ts';
import { crashed, running, startControllerFor, startStand } from './stand.ts';
import { STORES, valueOf, type Contents } from './stores.ts';

/** All that a node and a component say in this story; said again word by word, it changes nothing. */
async function tell(peer: Peer): Promise<void> {
  await peer.report('n1', [
    ...crashed('dead-a', 'dead-b'),
    ...running('alive'),
    container('stopped', 'stopped-1', 'exited'),
  ]);
  await peer.report('n2', [...running('alive'), container('frozen', '/frozen-1', 'paused')]);
}

describe.each(Object.entries(STORES))('a restart after kill -9, on %s', (_, open) => {
  it('finds the same states and intents, and the next equal report changes nothing', async ({ onTestFinished }) => {
    const store = await open();
    onTestFinished(() => store.dispose());
    await store.put('Package/broken', packageYaml('broken', ['dead-a', 'dead-b']));
    await store.put('Package/fine', packageYaml('fine', ['alive', 'stopped', 'frozen']));
    const controller = await startControllerFor(onTestFinished);

    const first = await startStand(onTestFinished, store.url, { 'action-controller': controller.url });
    await tell(first.peer);
    await first.peer.change({ resource_name: 'tour', target_state: 'idle' });
    const waiting = { resource_name: 'tour', target_state: 'waiting', transition_id: 'only-once' };
    await first.peer.change(waiting);
    await first.peer.report('n3', running('vanished'));
    await eventually(() => expect(controller.of('Reconcile')).toHaveLength(1));
    await first.service.waitForLog((line) => line.msg === 'reconcile answered');
    // An answer to something later: the outcome of the call was in the queue before it.
    await first.peer.report('n4', running('alive'));
    await first.kill();

    const before = await store.read();
    expect(states(before)).toEqual({
      '/model/alive/state': 'Running',
      '/model/dead-a/state': 'Dead',
      '/model/dead-b/state': 'Dead',
      '/model/frozen/state': 'Paused',
      '/model/stopped/state': 'Exited',
      '/model/vanished/state': 'Running',
      '/package/broken/state': 'Error',
      '/package/fine/state': 'Running',
      '/scenario/tour/state': 'Waiting',
    });
    expect(brokenRules(before)).toEqual([]);
    const intent = JSON.parse(valueOf(before, '/statemanager/reconcile/broken') ?? '{}') as object;
    expect(intent).toMatchObject({ attempts: 1, lastAttempt: { outcome: 'accepted' } });

    const second = await startStand(onTestFinished, store.url, { 'action-controller': controller.url });
    await tell(second.peer);
    await second.peer.report('n3', running('vanished'));
    await second.peer.report('n4', running('alive'));
    expect(await second.peer.change(waiting)).toMatchObject({ error_code: 'ERROR_CODE_SUCCESS' });
    expect(second.service.logs.filter(({ msg }) => msg === 'transition')).toEqual([]);
    await second.kill();

    const after = await store.read();
    const kept = [...before.keys()].filter((key) => !/^\/statemanager\/(commit|leader)$/.test(key));
    for (const key of kept) expect(after.get(key), key).toEqual(before.get(key));
    expect(after.size).toBe(before.size);
    const [fence, leader] = [after.get('/statemanager/commit'), after.get('/statemanager/leader')];
    expect(fence?.revision, 'nothing was committed since it took the lead').toBe(leader?.revision);
    expect(controller.of('Reconcile'), 'the accepted call has its time to heal, again').toHaveLength(1);
  });
});

function states(contents: Contents): Record<string, string> {
  const entries = [...contents].filter(([key]) => /^\/(scenario|package|model)\//.test(key));
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}
