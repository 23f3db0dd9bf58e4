import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container, type WireContainer } from '../kit/peer.ts';
import { startEtcdView, type EtcdView } from '../kit/etcd-view.ts';
import { startWorld, type World } from '../kit/world.ts';

const OFFLOAD = {
  scenario_name: 's',
  package_name: 'p',
  model_name: 'm',
  source_node: 'n1',
  target_node: 'n2',
  policy_name: 'heat',
  reason: 'too hot',
};

describe('the grace of an offload', () => {
  let etcd: EtcdView;
  let world: World;
  beforeAll(async () => (etcd = await startEtcdView()));
  afterEach(() => world.stop());
  afterAll(() => etcd.stop());

  const begin = async (flags: readonly string[]): Promise<void> => {
    world = await startWorld(['--missing-grace-ms', '0', ...flags], etcd);
    await world.define('p', ['m']);
    await world.peer.report('n1', running);
  };
  const running: readonly WireContainer[] = [container('m', 'c', 'running')];

  it('lasts while an accepted offload runs, and ends when the target reports the model', async () => {
    await begin(['--offload-grace-ms', '600000']);
    expect(await world.peer.offload(OFFLOAD)).toMatchObject({ accepted: true, message: 'moving' });
    await world.peer.report('n1', []);
    expect(await world.record('model', 'm')).toMatchObject({ state: 'Running', missing: 1 });
    await world.crash();
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Running');
    await world.peer.report('n2', running);
    const record = await world.record('model', 'm');
    expect(record).toMatchObject({ state: 'Running' });
    expect(record).not.toHaveProperty('missing');
    expect(record).not.toHaveProperty('offload');
    await world.peer.report('n2', []);
    expect(await world.state('model', 'm')).toBe('Dead');
  });

  it('is over after --offload-grace-ms', async () => {
    await begin(['--offload-grace-ms', '300']);
    await world.peer.offload(OFFLOAD);
    await world.peer.report('n1', []);
    await eventually(async () => expect(await world.state('model', 'm')).toBe('Dead'));
    expect(await world.state('package', 'p')).toBe('Error');
  });

  it('is not given by an offload that ActionController refused', async () => {
    await begin(['--offload-grace-ms', '600000']);
    world.controller.behave(() => ({ success: false, message: 'no room', transition_id: '' }));
    expect(await world.peer.offload(OFFLOAD)).toMatchObject({ accepted: false, message: 'no room' });
    await world.peer.report('n1', []);
    expect(await world.state('model', 'm')).toBe('Dead');
  });

  it('is noted in the model’s history, accepted or not, and changes no state', async () => {
    await begin([]);
    const { transition_id } = await world.peer.offload(OFFLOAD);
    world.controller.behave(() => ({ success: false, message: 'no room', transition_id: 'ac-2' }));
    await world.peer.offload(OFFLOAD);
    const history = [...(await world.etcd.list('/statemanager/history/model/m/')).values()].map(
      (entry) => JSON.parse(entry) as Record<string, unknown>,
    );
    expect(history).toContainEqual(
      expect.objectContaining({
        from: 'Running',
        to: 'Running',
        rule: 'model.offload-accepted',
        source: 'heat',
        transitionId: transition_id,
        cause: 'offload from n1 to n2 (policy heat, too hot); ActionController accepted: moving',
      }),
    );
    expect(history).toContainEqual(expect.objectContaining({ rule: 'model.offload-refused', transitionId: 'ac-2' }));
  });
});
