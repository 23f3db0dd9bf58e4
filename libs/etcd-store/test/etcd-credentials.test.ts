import { inspect } from 'node:util';
import { StoreError } from '@statemanager/state-store';
import type { KeyValueStore } from '@statemanager/state-store';
import { eventually } from '@statemanager/state-store/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/index.ts';
import type { EtcdStoreOptions } from '../src/index.ts';
import { etcdAdmin, makeTestCertificates, opensslIsThere, startEtcd } from '../src/testing/index.ts';
import type { EtcdOptions, TestCertificates, TestEtcd } from '../src/testing/index.ts';

const ROOT = { username: 'root', password: 'of-the-root' };
const USER = { username: 'manager', password: 'a-secret-word' };
const USERS = {
  root: { password: ROOT.password },
  manager: { password: USER.password, prefixes: ['/a/', '/statemanager/'] },
};
const BCRYPT = ['--bcrypt-cost=4'];

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options?: EtcdOptions): Promise<TestEtcd> {
  const etcd = await startEtcd(options);
  cleanups.push(() => etcd.stop());
  return etcd;
}

function client(options: EtcdStoreOptions): KeyValueStore {
  const store = openEtcdStore({ callTimeoutMs: 2000, leaseTtlSeconds: 1, ...options });
  cleanups.push(() => store.close());
  return store;
}

function admin(etcd: TestEtcd, auth?: EtcdStoreOptions['auth']): ReturnType<typeof etcdAdmin> {
  const opened = etcdAdmin(etcd.endpoint, undefined, auth);
  cleanups.push(() => opened.close());
  return opened;
}

/** What a call fails with, which must be a StoreError that says nothing secret. */
async function failureOf(call: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!StoreError.is(error)) throw new Error(`no StoreError: ${inspect(error)}`);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(USER.password);
  return error;
}

describe('user and password', () => {
  it('are asked for again when etcd no longer knows the token, for calls, watches and renewals', async () => {
    const etcd = await server({ users: USERS, flags: BCRYPT });
    const store = client({ hosts: [etcd.endpoint], auth: USER });
    const revision = await store.put('/a/k', '1');
    const leadership = await store.lead({ id: 'one', address: 'one:1' });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { events } of store.watch('/a/', { afterRevision: revision })) {
        seen.push(...events.map((event) => (event.type === 'put' ? event.value : 'deleted')));
        if (seen.includes('last')) return;
      }
    })();
    for (const value of ['2', '3']) {
      // Setting a password, even the same one, ends every token of the user.
      await admin(etcd, ROOT).auth.userChangePassword({ name: USER.username, password: USER.password });
      const results = await Promise.all([
        store.commit({ guards: [], operations: [{ type: 'put', key: '/a/k', value }] }),
        store.get('/a/k'),
        store.getAllWithPrefix('/a/'),
      ]);
      expect(results[0].outcome).toBe('committed');
    }
    expect(leadership.isCurrent()).toBe(true);
    await etcd.restart();
    await eventually(() => store.put('/a/k', 'last'));
    await watching;
    expect(seen).toEqual(['2', '3', 'last']);
  });

  it('that are wrong make every call unavailable, until they are right', async () => {
    const etcd = await server({ users: USERS, flags: BCRYPT });
    const store = client({ hosts: [etcd.endpoint], auth: { ...USER, password: `not ${USER.password}` } });
    const failure = await failureOf(store.get('/a/k'));
    expect(failure).toMatchObject({ code: 'unavailable', reason: 'unauthenticated' });
    const commit = { guards: [], operations: [{ type: 'put', key: '/a/k', value: 'v' }] } as const;
    expect(await failureOf(store.commit(commit))).toMatchObject({ code: 'unavailable', reason: 'unauthenticated' });
    expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'unauthenticated' });
    const leading = store.lead({ id: 'one', address: 'one:1' });

    await admin(etcd, ROOT).auth.userChangePassword({ name: USER.username, password: `not ${USER.password}` });
    expect((await leading).isCurrent()).toBe(true);
    expect(await store.commit(commit)).toMatchObject({ outcome: 'committed' });
    expect(await store.status()).toMatchObject({ state: 'ok' });
  });

  it('do not help against a missing permission; granting it does', async () => {
    const etcd = await server({ users: USERS, flags: BCRYPT });
    const store = client({ hosts: [etcd.endpoint], auth: USER });
    await store.put('/a/k', 'v');
    const failure = await failureOf(store.put('/b/k', 'v'));
    expect(failure).toMatchObject({ code: 'unavailable', reason: 'permission_denied' });
    expect(await failureOf(store.getAllWithPrefix('/'))).toMatchObject({ reason: 'permission_denied' });
    expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'permission_denied' });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { events } of store.watch('/b/', { afterRevision: 1 })) {
        seen.push(...events.map(({ key }) => key));
        return;
      }
    })();
    const perm = { permType: 'Readwrite', key: Buffer.from('/b/'), range_end: Buffer.from('/b0') } as const;
    await admin(etcd, ROOT).auth.roleGrantPermission({ name: USER.username, perm });
    await store.put('/b/k', 'v');
    await watching;
    expect(seen).toEqual(['/b/k']);
    expect(await store.status()).toMatchObject({ state: 'ok' });
  });

  it('may be given before etcd has users, and are used from when it has', async () => {
    const etcd = await server({ flags: BCRYPT });
    const [store, nameless] = [client({ hosts: [etcd.endpoint], auth: USER }), client({ hosts: [etcd.endpoint] })];
    await store.put('/a/k', 'v');
    await nameless.put('/a/k', 'v');
    const root = admin(etcd);
    for (const name of ['root', 'manager'] as const) {
      await root.auth.userAdd({ name, password: USERS[name].password });
      await root.auth.userGrantRole({ user: name, role: 'root' });
    }
    await root.auth.authEnable();
    await store.put('/a/k', 'v');
    expect(await failureOf(nameless.get('/a/k'))).toMatchObject({ code: 'unavailable', reason: 'unauthenticated' });
  });

  it('are nowhere to be seen', () => {
    const store = client({ hosts: ['etcd-1:2379', 'http://etcd-2:2379'], auth: USER, namespace: '/n/' });
    expect(store.name).toBe('etcd:etcd-1:2379,etcd-2:2379 under /n/');
    expect(inspect(store, { depth: 20, showHidden: true })).not.toContain(USER.password);
    const inHost = () => client({ hosts: [`manager:${USER.password}@etcd-1:2379`] });
    expect(inHost).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(inHost).not.toThrow(USER.password);
  });
});

const hasOpenssl = opensslIsThere();
if (!hasOpenssl) console.log('skipped: TLS needs openssl (Debian: apt-get install openssl)');

describe.skipIf(!hasOpenssl)('TLS', () => {
  let certificates: TestCertificates;
  let strangers: TestCertificates;
  let etcd: TestEtcd;
  beforeAll(async () => {
    [certificates, strangers] = [makeTestCertificates(), makeTestCertificates()];
    etcd = await startEtcd({ tls: certificates });
  });
  afterAll(async () => {
    await etcd.stop();
    certificates.dispose();
    strangers.dispose();
  });

  it('takes an address that is none of the names, if it is told the name', async () => {
    const named = client({ hosts: [etcd.endpoint], tls: { ...certificates.client, serverName: 'etcd.test' } });
    await named.put('/k', 'v');
    const misnamed = client({ hosts: [etcd.endpoint], tls: { ...certificates.client, serverName: 'other.test' } });
    await eventually(async () => {
      expect(await failureOf(misnamed.get('/k'))).toMatchObject({ code: 'unavailable', reason: 'untrusted' });
    });
  });

  it('does not trust an etcd of another authority', async () => {
    const { cert, key } = certificates.client;
    for (const tls of [{ ca: strangers.client.ca, cert, key }, { cert, key }, {}]) {
      const store = client({ hosts: [etcd.endpoint], tls });
      const failure = await failureOf(store.commit({ guards: [], operations: [] }));
      expect(failure).toMatchObject({ code: 'unavailable', reason: 'untrusted' });
      expect(await store.status()).toMatchObject({ state: 'unavailable', reason: 'untrusted' });
    }
  });

  it.each([
    ['without a certificate', 'untrusted', () => ({ ca: certificates.client.ca })],
    ['with one of another authority', 'untrusted', () => ({ ...strangers.client, ca: certificates.client.ca })],
    ['that speaks no TLS', 'unreachable', () => undefined],
  ])('keeps out a client %s', async (_, reason, tlsOf) => {
    const store = client({ hosts: [etcd.endpoint], tls: tlsOf() });
    await eventually(async () => {
      expect(await failureOf(store.get('/k'))).toMatchObject({ code: 'unavailable', reason });
    });
    expect(await store.status()).toMatchObject({ state: 'unavailable', reason });
  });

  it('is of no use with an etcd that speaks none', async () => {
    const store = client({ hosts: [(await server()).endpoint], tls: certificates.client });
    expect(await failureOf(store.get('/k'))).toMatchObject({ code: 'unavailable' });
  });

  it('refuses certificates that are none, and half of a pair', () => {
    const { ca, cert, key } = certificates.client;
    const refused = expect.objectContaining({ code: 'invalid_argument' }) as Error;
    for (const tls of [
      { ca, cert },
      { ca, key },
      { ca, cert, key: 'no key' },
      { ca, cert: 'none', key },
    ]) {
      expect(() => client({ hosts: ['h:1'], tls })).toThrow(refused);
    }
  });
});
