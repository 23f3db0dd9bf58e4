import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { startReplicas, type Replicas } from '../kit/fleet-of-replicas.ts';
import { startDirectedProxy } from '../kit/directed-proxy.ts';
import { container } from '../kit/peer.ts';

let replicas: Replicas;

afterEach(() => replicas.stop());

const word = (status: string) => [container('m', 'm', status)];

describe('a report whose caller has given up, and told another replica something newer', () => {
  it.each(['leader', 'follower'])('does not count when the %s that has it was frozen', async (role) => {
    replicas = await startReplicas(2, ['--lease-ttl-seconds', '10']);
    const leader = await replicas.leader();
    const frozen = role === 'leader' ? leader : replicas.other(leader);
    const awake = replicas.other(frozen);
    await replicas.define('p', ['m']);
    await frozen.peer.report('n', word('running'));
    for (let i = 0; i < 3; i += 1) {
      frozen.service.signal('SIGSTOP');
      await expect(frozen.peer.report('n', word('exited'), 200)).rejects.toMatchObject({ code: 4 });
      const newer = awake.peer.report('n', word('paused'));
      if (role === 'follower') await newer;
      await sleep(600);
      frozen.service.signal('SIGCONT');
      await newer;
      await sleep(300);
      expect(await replicas.etcd.get('/model/m/state')).toBe('Paused');
      await awake.peer.report('n', word('running'));
    }
  });

  it('does not count when it was on its way to the leader all the time, and what comes after it does', async () => {
    const way = await startDirectedProxy();
    onTestFinished(() => way.close());
    replicas = await startReplicas(1, ['--advertise', way.endpoint]);
    const leader = await replicas.leader();
    way.target(Number(leader.service.address.split(':')[1]));
    const follower = await replicas.start('r2', ['--advertise', '127.0.0.1:1']);
    await replicas.define('p', ['m']);
    await follower.peer.report('n', word('running'));
    way.delay('forth', 500);
    await expect(follower.peer.report('n', word('exited'), 100)).rejects.toMatchObject({ code: 4 });
    await leader.peer.report('n', word('paused'));
    await sleep(1000);
    expect(await replicas.etcd.get('/model/m/state')).toBe('Paused');
    expect(await follower.peer.report('n', word('running'))).toEqual({ resp: 'node n: 2 transitions' });
    expect(await replicas.etcd.get('/model/m/state')).toBe('Running');
  });
});
