import { afterEach, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { startReplicas } from '../kit/fleet-of-replicas.ts';
import { container } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

let world: World | undefined;
let api: ApiPeer | undefined;

afterEach(async () => {
  api?.close();
  await world?.stop();
  [world, api] = [undefined, undefined];
});

const FLAGS = ['--node-timeout-ms', '400', '--silent-as', 'dead', '--silent-grace-ms', '300'];
const alive = [container('m', 'c', 'running')];

describe('a node that is to report regularly', () => {
  it('is stale when it falls silent, then its containers are Dead, and it is believed again when it speaks', async () => {
    const started = (world = await startWorld(FLAGS));
    const asked = (api = connectApi(started.service.address));
    await started.define('p', ['m']);
    await started.peer.report('n', alive);
    expect(await asked.get('model', 'm')).toMatchObject({ state: 'Running', stale: false });
    await eventually(async () => {
      expect(await asked.get('model', 'm')).toMatchObject({ state: 'Running', stale: true });
    }, 2000);
    await eventually(async () => expect(await started.state('package', 'p')).toBe('Error'), 3000);
    await eventually(() => expect(started.controller.of('Reconcile')).toHaveLength(1));
    expect(JSON.stringify(await asked.get('model', 'm'))).toContain('"rule":"container.silent"');
    expect((await started.record('model', 'm'))['cause']).toMatch(/node n has been silent for \d+ s/);
    await started.peer.report('n', alive);
    expect(await asked.get('package', 'p')).toMatchObject({ state: 'Running', stale: false });
    // As long as it goes on reporting, also the same again, nothing happens.
    for (let i = 0; i < 10; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await started.peer.report('n', alive)).toEqual({ resp: 'node n: unchanged' });
    }
  });

  it('is Dead in its time also for a replica that has followed its reports before it leads', async () => {
    const replicas = await startReplicas(2, [
      '--node-timeout-ms',
      '600',
      '--silent-as',
      'dead',
      '--silent-grace-ms',
      '0',
    ]);
    const leader = await replicas.leader();
    await leader.peer.report('n', alive);
    const next = replicas.other(leader);
    await eventually(async () => expect(await next.api.get('model', 'm')).toMatchObject({ state: 'Running' }));
    await replicas.end(leader, 'SIGTERM');
    await eventually(async () => expect(await replicas.etcd.get('/model/m/state')).toBe('Dead'), 5000);
    await replicas.stop();
  });

  it('is granted the whole time again by whoever begins to lead', async () => {
    const started = (world = await startWorld([
      '--node-timeout-ms',
      '1500',
      '--silent-as',
      'dead',
      '--silent-grace-ms',
      '0',
    ]));
    await started.peer.report('n', alive);
    await started.crash();
    const began = performance.now();
    await eventually(async () => expect(await started.state('model', 'm')).toBe('Dead'), 5000);
    expect(performance.now() - began).toBeGreaterThan(1000);
  });
});
