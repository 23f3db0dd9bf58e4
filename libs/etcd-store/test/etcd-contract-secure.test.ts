import { describe } from 'vitest';
import { makeTestCertificates, opensslIsThere } from '../src/testing/index.ts';
import { describeContractOnEtcd } from './contract-on-etcd.ts';

const NAMESPACE = '/fleet-é/';
const USER = { username: 'state-manager', password: 'päss wörd: 한' };

if (opensslIsThere()) {
  const tls = makeTestCertificates();
  // The user may not touch anything outside of the namespace: a key that were left without would be refused.
  const users = {
    root: { password: 'of the root' },
    [USER.username]: { password: USER.password, prefixes: [NAMESPACE] },
  };
  await describeContractOnEtcd(
    'etcd, with certificates of both sides, a password, and a namespace',
    { tls, users, flags: ['--bcrypt-cost=4'] },
    { tls: tls.client, auth: USER, namespace: NAMESPACE },
    () => tls.dispose(),
  );
} else {
  console.log('skipped: etcd with certificates needs openssl (Debian: apt-get install openssl)');
  describe.skip('etcd with certificates, which needs openssl to make some');
}
