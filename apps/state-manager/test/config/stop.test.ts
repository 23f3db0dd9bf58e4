import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const DRAIN_MS = 20_000;

describe('being asked to stop', () => {
  let controller: ScriptedController;
  let service: StateManagerProcess;
  let peer: Peer;

  beforeEach(async () => {
    controller = await startController();
    const flags = ['--action-controller', controller.url, '--drain-ms', String(DRAIN_MS)];
    service = await startStateManager(['--store', 'memory:', ...flags]);
    peer = connectPeer(service.address);
  });
  afterEach(async () => {
    peer.close();
    await service.kill();
    controller.stop();
  });

  it('answers the calls that were accepted, exits with 0, and does not wait for clients that merely stay', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    controller.behave(async () => {
      await asked;
      return { success: true, message: 'late, but here', transition_id: 'late' };
    });
    const offload = peer.offload({
      scenario_name: 's',
      package_name: 'p',
      model_name: 'm',
      source_node: 'a',
      target_node: 'b',
    });
    await eventually(() => expect(controller.of('OffloadModel')).toHaveLength(1));
    const stopped = service.stop();
    await service.waitForLog((line) => String(line.msg).startsWith('stopping'));
    answer();
    expect(await offload).toMatchObject({ accepted: true, message: 'late, but here' });
    expect(await stopped).toBe(0);
  });

  it('does not wait for an idle connection of HTTP/1.1 that is kept alive', async () => {
    const agent = new Agent({ keepAlive: true });
    const [host, port] = service.address.split(':');
    const path = '/statemanager.StateManagerConnection/SendAction';
    const headers = { 'content-type': 'application/json' };
    await new Promise<void>((resolve, reject) => {
      const call = request({ agent, host, port, path, method: 'POST', headers }, (answer) => {
        answer.resume().on('end', resolve);
      });
      call.on('error', reject).end('{}');
    });
    const asked = performance.now();
    expect(await service.stop()).toBe(0);
    // Node's own keep-alive would hold it for five seconds.
    expect(performance.now() - asked).toBeLessThan(4000);
    agent.destroy();
  });

  it('is heard from the first moment on', async () => {
    for (let i = 0; i < 3; i += 1) expect(await (await startStateManager(['--store', 'memory:'])).stop()).toBe(0);
  });

  it('takes SIGINT as it takes SIGTERM, and a second signal changes nothing', async () => {
    await peer.report('n', []);
    service.signal('SIGINT');
    expect(await service.stop()).toBe(0);
    expect(service.logs.filter((line) => line.msg === 'asked to stop')).toHaveLength(1);
  });
});
