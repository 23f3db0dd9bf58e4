import { afterEach, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { eventually } from '../kit/eventually.ts';
import { container } from '../kit/peer.ts';
import { startWorld, type World } from '../kit/world.ts';

let world: World;
let api: ApiPeer;

afterEach(async () => {
  api.close();
  await world.stop();
});

const FLAGS = ['--node-timeout-ms', '400', '--silent-as', 'dead', '--silent-grace-ms', '300'];
const alive = [container('m', 'c', 'running')];

describe('a node that is to report regularly', () => {
  it('is stale when it falls silent, then its containers are Dead, and it is believed again when it speaks', async () => {
    world = await startWorld(FLAGS);
    api = connectApi(world.service.address);
    await world.define('p', ['m']);
    await world.peer.report('n', alive);
    expect(await api.get('model', 'm')).toMatchObject({ state: 'Running', stale: false });
    await eventually(async () => {
      expect(await api.get('model', 'm')).toMatchObject({ state: 'Running', stale: true });
    }, 2000);
    await eventually(async () => expect(await world.state('package', 'p')).toBe('Error'), 3000);
    await eventually(() => expect(world.controller.of('Reconcile')).toHaveLength(1));
    expect(JSON.stringify(await api.get('model', 'm'))).toContain('"rule":"container.silent"');
    expect((await world.record('model', 'm'))['cause']).toMatch(/node n has been silent for \d+ s/);
    await world.peer.report('n', alive);
    expect(await api.get('package', 'p')).toMatchObject({ state: 'Running', stale: false });
    // As long as it goes on reporting, also the same again, nothing happens.
    for (let i = 0; i < 10; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await world.peer.report('n', alive)).toEqual({ resp: 'node n: unchanged' });
    }
  });

  it('is granted the whole time again by whoever begins to lead', async () => {
    world = await startWorld(['--node-timeout-ms', '1500', '--silent-as', 'dead', '--silent-grace-ms', '0']);
    await world.peer.report('n', alive);
    await world.crash();
    api = connectApi(world.service.address);
    const began = performance.now();
    await eventually(async () => expect(await world.state('model', 'm')).toBe('Dead'), 5000);
    expect(performance.now() - began).toBeGreaterThan(1000);
  });
});
