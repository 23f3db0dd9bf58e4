import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdAdmin, makeTestCertificates, opensslIsThere, startEtcd } from '@statemanager/etcd-store/testing';
import type { TestCertificates, TestEtcd } from '@statemanager/etcd-store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageYaml, scenarioYaml } from '../faults/documents.ts';
import { crashed, running, startListening, startStand } from '../faults/stand.ts';
import { eventually } from '../kit/eventually.ts';
import { runToEnd } from '../kit/state-manager.ts';

const ROOT = { username: 'root', password: 'of-the-root' };
const PASSWORD = 'a-secret-word';
const NAMESPACE = 'fleet-1/';
/** What docs/operations.md says a role needs where there is no namespace. */
const PREFIXES = ['/statemanager/', '/scenario/', '/package/', '/model/', 'Scenario/', 'Package/', 'Model/'];

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'etcd-access-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const hasOpenssl = opensslIsThere();
if (!hasOpenssl) console.log('skipped: an etcd with certificates needs openssl (Debian: apt-get install openssl)');

describe.skipIf(!hasOpenssl)('an etcd with certificates and users', () => {
  let certificates: TestCertificates;
  let etcd: TestEtcd;
  let admin: ReturnType<typeof etcdAdmin>;
  const flagsWith = (password: string): Record<string, string> => ({
    'etcd-ca': certificates.caFile,
    'etcd-cert': certificates.clientCertFile,
    'etcd-key': certificates.clientKeyFile,
    'etcd-user': 'manager',
    'etcd-password-file': file(`${password}.txt`, `${password}\n`),
    'etcd-namespace': NAMESPACE,
    'lease-ttl-seconds': '2',
  });

  beforeAll(async () => {
    certificates = makeTestCertificates();
    const users = {
      root: { password: ROOT.password },
      manager: { password: PASSWORD, prefixes: [NAMESPACE] },
      narrow: { password: PASSWORD, prefixes: PREFIXES },
    };
    etcd = await startEtcd({ tls: certificates, users, flags: ['--bcrypt-cost=4'] });
    admin = etcdAdmin(etcd.endpoint, certificates, ROOT);
  });
  afterAll(async () => {
    admin.close();
    await etcd.stop();
    certificates.dispose();
  });

  it('is where the states are, all of them under the namespace', async ({ onTestFinished }) => {
    await admin.put('Package/others').value(packageYaml('others', ['other']));
    await admin.put(`${NAMESPACE}Package/brakes`).value(packageYaml('brakes', ['pedal', 'caliper']));
    const { service, peer } = await startStand(onTestFinished, `etcd:${etcd.endpoint}`, flagsWith(PASSWORD));
    await peer.report('n1', running('pedal', 'caliper'));
    const stateOf = (name: string): Promise<string | null> => admin.get(`${NAMESPACE}/package/${name}/state`).string();
    expect(await stateOf('brakes')).toBe('Running');
    expect(await stateOf('others')).toBeNull();
    await etcd.restart();
    await eventually(() => peer.report('n1', crashed('pedal', 'caliper')));
    await eventually(async () => expect(await stateOf('brakes')).toBe('Error'));

    const keys = await admin.getAll().keys();
    expect(keys.filter((key) => !key.startsWith(NAMESPACE))).toEqual(['Package/others']);
    expect(keys).toContain(`${NAMESPACE}/statemanager/leader`);
    expect(JSON.stringify(service.logs)).not.toContain(PASSWORD);
    expect(await service.stop()).toBe(0);
  });

  it('needs to grant no more than is documented', async ({ onTestFinished }) => {
    const { 'etcd-namespace': _, ...flags } = flagsWith(PASSWORD);
    const definitions = file(
      'definitions.yaml',
      [packageYaml('doors', ['lock']), scenarioYaml('open', 'doors')].join('---\n'),
    );
    const { service, peer } = await startStand(onTestFinished, `etcd:${etcd.endpoint}`, {
      ...flags,
      definitions,
      'etcd-user': 'narrow',
    });
    await peer.report('n1', running('lock'));
    const change = { resource_type: 'RESOURCE_TYPE_SCENARIO', resource_name: 'open', target_state: 'idle' };
    expect((await peer.change(change)).message).toContain('Idle');
    expect(await admin.get('/package/doors/state').string()).toBe('Running');
    expect(service.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    const keys = await admin.getAll().keys();
    const others = keys.filter((key) => !key.startsWith(NAMESPACE));
    expect(others.filter((key) => !PREFIXES.some((prefix) => key.startsWith(prefix)))).toEqual([]);
    expect(PREFIXES.slice(0, -1).filter((prefix) => !others.some((key) => key.startsWith(prefix)))).toEqual([]);
  });

  it('is waited for while it refuses the password', async ({ onTestFinished }) => {
    const flags = flagsWith('another-word');
    const { service, peer } = await startListening(onTestFinished, `etcd:${etcd.endpoint}`, {
      ...flags,
      'answer-within-ms': '500',
    });
    await expect(peer.report('n2', [])).rejects.toMatchObject({ details: expect.stringContaining('queued') as string });
    const waiting = await service.waitForLog(({ msg }) => msg === 'waiting to lead: the store does not serve');
    expect(waiting.status).toMatchObject({ state: 'unavailable', reason: 'unauthenticated' });
    await admin.auth.userChangePassword({ name: 'manager', password: 'another-word' });
    await service.waitForLog((line) => line.msg === 'leading: view loaded');
    await eventually(async () => expect(await admin.get(`${NAMESPACE}/statemanager/node/n2`).string()).not.toBeNull());
    expect(JSON.stringify(service.logs)).not.toContain('another-word');
  });
});

describe('what is wrong with the settings of etcd ends the program with a sentence:', () => {
  const store = ['--store', 'etcd:127.0.0.1:1', '--listen', '127.0.0.1:0'];
  it.each([
    [
      'a file that is not there',
      () => ['--etcd-ca', '/nowhere/ca.pem'],
      /--etcd-ca cannot be read: .*\/nowhere\/ca\.pem/,
    ],
    ['a user without a password', () => ['--etcd-user', 'manager'], /--etcd-user and --etcd-password-file go together/],
    [
      'an empty password',
      () => ['--etcd-user', 'manager', '--etcd-password-file', file('empty', '\n')],
      /--etcd-password-file .*empty is empty/,
    ],
    [
      'a certificate without its key',
      () => ['--etcd-cert', file('cert', 'x')],
      /--etcd-cert and --etcd-key go together/,
    ],
    [
      'certificates that are none',
      () => ['--etcd-cert', file('cert', 'x'), '--etcd-key', file('key', 'of-a-secret')],
      /--etcd-cert and --etcd-key cannot be used: /,
    ],
    ['authorities that are none', () => ['--etcd-ca', file('ca', 'x')], /--etcd-ca holds no certificate: /],
  ])('%s', async (_, flags, says) => {
    const { code, stderr } = await runToEnd([...store, ...flags()]);
    expect({ code, stderr: says.test(stderr) ? 'as expected' : stderr }).toEqual({ code: 2, stderr: 'as expected' });
    expect(stderr).not.toContain('of-a-secret');
  });
});
