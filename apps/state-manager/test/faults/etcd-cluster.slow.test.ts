import { setTimeout as sleep } from 'node:timers/promises';
import { etcdAdmin, etcdOnPath, startEtcdCluster } from '@statemanager/etcd-store/testing';
import type { TestEtcdMember } from '@statemanager/etcd-store/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { crashed, running, startStand, type Afterwards } from './stand.ts';

/** A commit may time out at the member that died, and be repeated while the others elect. */
const ANSWERED_WITHIN_MS = 20_000;

const hasEtcd = etcdOnPath() !== undefined;
if (!hasEtcd) console.log('skipped: an etcd of three members needs etcd on PATH (Debian: apt-get install etcd-server)');

describe.skipIf(!hasEtcd)('on an etcd of three members', () => {
  it.for(['killed', 'stopped in its tracks'] as const)(
    'the service goes on, as the leader, when the leading one is %s',
    async (how, { onTestFinished }) => {
      await goOnWithoutLeader(how, onTestFinished);
    },
  );
});

async function goOnWithoutLeader(how: 'killed' | 'stopped in its tracks', afterwards: Afterwards): Promise<void> {
  const etcd = await startEtcdCluster();
  afterwards(() => etcd.stop());
  const leading = await etcd.leader();
  const [other] = etcd.members.filter((member) => member !== leading) as [TestEtcdMember, ...TestEtcdMember[]];
  const admin = etcdAdmin(other.endpoint);
  afterwards(() => admin.close());
  await admin.put('Package/brakes').value(packageYaml('brakes', ['pedal', 'caliper']));
  const stateOfPackage = (): Promise<string | null> => admin.get('/package/brakes/state').string();

  const hosts = [leading.endpoint, ...etcd.endpoints.filter((endpoint) => endpoint !== leading.endpoint)];
  const { service, peer } = await startStand(afterwards, `etcd:${hosts.join()}`);
  await peer.report('n1', running('pedal', 'caliper'));
  expect(await stateOfPackage()).toBe('Running');

  if (how === 'killed') await leading.kill();
  else leading.pause();
  const beganAtMs = performance.now();
  await eventually(() => peer.report('n1', crashed('pedal', 'caliper')), ANSWERED_WITHIN_MS);
  expect(performance.now() - beganAtMs).toBeLessThan(ANSWERED_WITHIN_MS);
  expect(await eventually(stateOfPackage)).toBe('Error');
  // Definitions are watched, and that goes on as well.
  await admin.put('Package/doors').value(packageYaml('doors', ['lock']));
  await peer.report('n2', running('lock'));
  await eventually(async () => expect(await admin.get('/package/doors/state').string()).toBe('Running'), 30_000);

  if (how === 'killed') await leading.restart();
  else leading.resume();
  await sleep(1000);
  await peer.report('n1', running('pedal', 'caliper'));
  expect(await stateOfPackage()).toBe('Running');
  expect(service.logs.filter(({ msg }) => msg === 'not leading; trying again')).toEqual([]);
}
