import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectPeer, container, type Peer } from './kit/peer.ts';
import { startController, type ScriptedController } from './kit/controller.ts';
import { eventually } from './kit/eventually.ts';
import { startStateManager, type StateManagerProcess } from './kit/state-manager.ts';

describe('the main job', () => {
  let controller: ScriptedController;
  let service: StateManagerProcess;
  let peer: Peer;

  beforeEach(async () => {
    controller = await startController();
    service = await startStateManager([
      '--store',
      'memory:',
      '--action-controller',
      controller.url,
      '--definitions',
      '../../examples/definitions',
    ]);
    peer = connectPeer(service.address);
  });

  afterEach(async () => {
    peer.close();
    expect(await service.stop()).toBe(0);
    controller.stop();
  });

  it('is done: a crash of every model of a package leads to exactly one reconcile with the right fields', async () => {
    const models = ['helloworld-core', 'helloworld-display'];
    await peer.report(
      'n1',
      models.map((model) => container(model, `${model}-1`, 'running')),
    );
    await peer.report(
      'n1',
      models.map((model) => container(model, `${model}-1`, 'exited', { exitCode: 137 })),
    );
    await eventually(() => expect(controller.of('Reconcile')).toHaveLength(1));
    expect(controller.of('Reconcile')[0]?.request).toEqual({
      scenario_name: 'helloworld',
      current: 'FAILED',
      desired: 'RUNNING',
    });
    await peer.report(
      'n1',
      models.map((model) => container(model, `${model}-1`, 'running')),
    );
    await service.waitForLog(
      (line) => line.kind === 'package' && line.name === 'helloworld' && line.from === 'Error' && line.to === 'Running',
    );
    expect(controller.of('Reconcile')).toHaveLength(1);
  });
});
