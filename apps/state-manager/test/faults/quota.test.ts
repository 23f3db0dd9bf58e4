import { status } from '@grpc/grpc-js';
import { etcdAdmin, startEtcd } from '@statemanager/etcd-store/testing';
import { expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { crashed, running, startStand } from './stand.ts';

const QUOTA_BYTES = 2 * 1024 * 1024;

it('a full etcd is bridged: it is named, the leader stays, and what waited is committed once there is room', async ({
  onTestFinished,
}) => {
  const etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] });
  onTestFinished(() => etcd.stop());
  const admin = etcdAdmin(etcd.endpoint);
  onTestFinished(() => admin.close());
  const stateOf = (name: string): Promise<string | null> => admin.get(`/package/${name}/state`).string();
  await admin.put('Package/brakes').value(packageYaml('brakes', ['pedal', 'caliper']));
  const flags = { 'answer-within-ms': '500', 'lease-ttl-seconds': '2' };
  const { service, peer } = await startStand(onTestFinished, `etcd:${etcd.endpoint}`, flags);
  await peer.report('n1', running('pedal', 'caliper'));

  // Somebody else fills it: a client of its own, because etcd3 closes one whose calls fail for some seconds.
  const other = etcdAdmin(etcd.endpoint);
  onTestFinished(() => other.close());
  const junk = 'x'.repeat(100_000);
  await expect(
    (async () => {
      for (;;) await other.put('/junk').value(junk);
    })(),
  ).rejects.toThrow('space exceeded');

  await expect(peer.report('n1', crashed('pedal', 'caliper'))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  const { err } = await service.waitForLog(
    (line) => (line.err as { reason?: string } | undefined)?.reason === 'no_space',
  );
  expect((err as Error).message).toContain('etcdctl alarm disarm');
  // Longer than a lease lives.
  const saysOfLosing = (): boolean => service.logs.some(({ msg }) => msg === 'not leading; trying again');
  await expect(peer.report('n2', running('display'), 3000)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(saysOfLosing()).toBe(false);
  expect(await stateOf('brakes')).toBe('Running');

  const { header } = await admin.kv.range({ key: Buffer.from('/junk') });
  await admin.kv.compact({ revision: header.revision });
  await admin.maintenance.defragment();
  for (const alarm of (await admin.maintenance.alarm({ action: 'Get' })).alarms) {
    await admin.maintenance.alarm({ ...alarm, action: 'Deactivate' });
  }
  await eventually(async () => expect(await stateOf('brakes')).toBe('Error'));
  await eventually(async () => expect(await admin.get('/statemanager/node/n2').string()).not.toBeNull());
  await peer.report('n1', running('pedal', 'caliper'));
  expect(await stateOf('brakes')).toBe('Running');
  expect(saysOfLosing()).toBe(false);
});
