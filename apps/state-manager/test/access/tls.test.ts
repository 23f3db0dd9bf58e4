import { createHash } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { request as requestHttps } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi } from '../kit/api-peer.ts';
import { createAuthority, type Authority, type Certificate } from '../kit/certificates.ts';
import { accept, startController } from '../kit/controller.ts';
import { eventually } from '../kit/eventually.ts';
import { startReplicas, type Replicas } from '../kit/fleet-of-replicas.ts';
import { container, connectPeer } from '../kit/peer.ts';
import { runToEnd, startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';

const LOOPBACK = 'IP:127.0.0.1,DNS:localhost';
let authority: Authority;
let server: Certificate;

beforeAll(() => {
  authority = createAuthority();
  server = authority.issue('server', '/CN=statemanager', LOOPBACK);
  writeFileSync(
    join(authority.folder, 'policy.yaml'),
    `roles:
  node-agent: ["spiffe://fleet/node/<node>"]
  filter-gateway: [gateway.fleet]
  viewer: [eve]
  replica: [localhost]
  admin: [root]
`,
  );
});

afterAll(() => authority.dispose());

const flagsOf = (more: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries({
    'tls-cert': server.cert,
    'tls-key': server.key,
    'tls-client-ca': authority.ca,
    policy: join(authority.folder, 'policy.yaml'),
    ...more,
  }).flatMap(([name, value]) => [`--${name}`, value]);

describe('a port with TLS', () => {
  let service: StateManagerProcess;
  let tokens: string;

  beforeAll(async () => {
    tokens = join(authority.folder, 'tokens');
    writeFileSync(tokens, `${createHash('sha256').update('eves-token').digest('hex')} eve\n`);
    const copy = { cert: join(authority.folder, 'own.pem'), key: join(authority.folder, 'own.key') };
    copyFileSync(server.cert, copy.cert);
    copyFileSync(server.key, copy.key);
    const own = { 'tls-cert': copy.cert, 'tls-key': copy.key, tokens, store: 'memory:' };
    service = await startStateManager(flagsOf(own));
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  });

  afterAll(() => service.kill());

  const withToken = (token: string): grpc.ChannelCredentials =>
    grpc.credentials.combineChannelCredentials(
      authority.credentials(),
      grpc.credentials.createFromMetadataGenerator((_, done) => {
        const metadata = new grpc.Metadata();
        metadata.set('authorization', `Bearer ${token}`);
        done(null, metadata);
      }),
    );

  it('knows callers by a token, and tells those apart who have none', async () => {
    const eve = connectApi(service.address, withToken('eves-token'));
    expect(await eve.list()).toEqual([]);
    expect(await eve.failure('MaintenanceService/ForgetNode', { name: 'n' })).toMatchObject({
      code: 'PERMISSION_DENIED',
      details: 'eve is viewer, and may not call /statemanager.v1.MaintenanceService/ForgetNode (--policy)',
    });
    const mallory = connectApi(service.address, withToken('guessed'));
    expect(await mallory.failure('StateService/ListResources')).toMatchObject({ code: 'UNAUTHENTICATED' });
    const nobody = connectApi(service.address, authority.credentials());
    expect(await nobody.failure('StateService/ListResources')).toMatchObject({
      code: 'UNAUTHENTICATED',
      details: expect.stringContaining('say who you are') as string,
    });
    for (const api of [eve, mallory, nobody]) api.close();
    expect(JSON.stringify(service.logs)).not.toContain('guessed');
  });

  it('takes the first URI of a certificate, else its first DNS name, else its common name', async () => {
    const certificates: readonly (readonly [string, string, string, string])[] = [
      ['uri', '/CN=root', 'DNS:eve,URI:spiffe://fleet/node/n1', 'spiffe://fleet/node/n1 is node-agent'],
      ['dns', '/CN=root', 'DNS:gateway.fleet', 'gateway.fleet is filter-gateway'],
      ['cn', '/CN=eve', '', 'eve is viewer'],
      ['none', '/CN=nobody', '', 'nobody has no role'],
    ];
    for (const [file, subject, names, said] of certificates) {
      const api = connectApi(service.address, authority.credentials(authority.issue(file, subject, names)));
      expect((await api.failure('MaintenanceService/ForgetNode', { name: 'n' })).details).toContain(`${said},`);
      api.close();
    }
  });

  it('refuses the certificate of another authority, and says so in the log', async () => {
    const other = createAuthority();
    const strange = other.issue('strange', '/CN=root');
    const credentials = grpc.credentials.createSsl(
      ...[readFileSync(authority.ca), readFileSync(strange.key), readFileSync(strange.cert)],
    );
    const api = connectApi(service.address, credentials);
    await expect(api.call('StateService/ListResources', {}, 2000)).rejects.toThrow();
    await service.waitForLog(({ msg }) => msg === 'a certificate is refused');
    api.close();
    other.dispose();
  });

  it('speaks HTTP/1.1 to who wants that', async () => {
    const [host, port] = service.address.split(':');
    const root = authority.issue('root', '/CN=root');
    const answer = await new Promise<string>((resolve, reject) => {
      const files = { ca: readFileSync(authority.ca), cert: readFileSync(root.cert), key: readFileSync(root.key) };
      const options = { host, port, method: 'POST', path: '/statemanager.v1.StateService/ListResources', ...files };
      const call = requestHttps({ ...options, headers: { 'content-type': 'application/json' } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
      });
      call.on('error', reject).end('{}');
    });
    expect(JSON.parse(answer)).toHaveProperty('revision');
  });

  it('shows a new certificate when the files change, and keeps its connections', async () => {
    const [host = '', port] = service.address.split(':');
    const root = connectPeer(service.address, authority.credentials(authority.issue('root2', '/CN=root')));
    await root.report('n', []);
    const subjectNow = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket: TLSSocket = connectTls(
          { host, port: Number(port), ca: readFileSync(authority.ca), servername: 'localhost' },
          () => {
            resolve(String(socket.getPeerCertificate().subject.CN));
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    expect(await subjectNow()).toBe('statemanager');
    const next = authority.issue('next', '/CN=renewed', LOOPBACK);
    copyFileSync(next.cert, join(authority.folder, 'own.pem'));
    copyFileSync(next.key, join(authority.folder, 'own.key'));
    await eventually(async () => expect(await subjectNow()).toBe('renewed'), 15_000, 200);
    expect(await root.report('n', [])).toEqual({ resp: 'node n: unchanged' });
    root.close();
  });

  it('keeps what it knew when a file is wrong, and says what is wrong with it', async () => {
    writeFileSync(tokens, 'nonsense\n');
    await service.waitForLog(({ problem }) => String(problem).startsWith('--tokens: line 1: must be'));
    const eve = connectApi(service.address, withToken('eves-token'));
    expect(await eve.list()).toHaveLength(1);
    eve.close();
  });

  it('tells everybody how it is, and nobody what its fleet is called', async () => {
    const root = connectPeer(service.address, authority.credentials(authority.issue('reporter', '/CN=root')));
    await root.report('secret-node', [container('secret-model', 'c', 'running')]);
    root.close();
    const [host, port] = service.address.split(':');
    const get = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const call = requestHttps({ host, port, path, ca: readFileSync(authority.ca) }, (response) => {
          let text = `${response.statusCode} `;
          response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
        });
        call.on('error', reject).end();
      });
    expect(await get('/healthz')).toBe('200 ok\n');
    expect(await get('/readyz')).toMatch(/^200 \{"ready":true,"role":"leader"/);
    const metrics = await get('/metrics');
    expect(metrics).toMatch(/^200 .*\nstatemanager_leading 1\n/s);
    expect(metrics).not.toContain('secret');
  });
});

describe('replicas with TLS', () => {
  let replicas: Replicas;

  afterAll(() => replicas.stop());

  it('forward in the name of whoever called, which nobody else may', async () => {
    const root = authority.credentials(authority.issue('root3', '/CN=root'));
    replicas = await startReplicas(2, flagsOf({ 'peer-ca': authority.ca }), root);
    const leader = await replicas.leader();
    const follower = replicas.other(leader);
    const gateway = authority.credentials(authority.issue('gateway', '/CN=x', 'DNS:gateway.fleet'));
    const agent = authority.credentials(authority.issue('agent', '/CN=x', 'URI:spiffe://fleet/node/n1'));
    const [viaGateway, viaAgent] = [
      connectPeer(follower.service.address, gateway),
      connectPeer(follower.service.address, agent),
    ];
    expect(await viaGateway.change({ resource_name: 's', target_state: 'waiting' })).toMatchObject({
      error_code: 'ERROR_CODE_SUCCESS',
    });
    expect(await viaGateway.change({ resource_name: 's', target_state: 'idle' })).toMatchObject({
      error_code: 'ERROR_CODE_PERMISSION_DENIED',
    });
    await leader.service.waitForLog(
      ({ msg, identity, target }) => msg === 'audit' && identity === 'gateway.fleet' && target === 'idle',
    );
    expect(await viaAgent.report('n1', [container('m', 'c', 'running')])).toEqual({ resp: 'node n1: 1 transition' });
    await expect(viaAgent.report('n2', [])).rejects.toMatchObject({ code: grpc.status.PERMISSION_DENIED });
    const forged = { 'statemanager-forwarded-by': 'r9', 'statemanager-on-behalf-of': 'root' };
    await expect(
      viaAgent.call('SendStateChange', { resource_type: 1, resource_name: 'x' }, 3000, forged),
    ).rejects.toMatchObject({
      code: grpc.status.PERMISSION_DENIED,
      details: expect.stringContaining('may not forward calls') as string,
    });
    viaGateway.close();
    viaAgent.close();
  });
});

describe('an ActionController with TLS', () => {
  it('is asked with the certificate of the service, and trusted only if its own comes from --peer-ca', async () => {
    const own = authority.issue('controller', '/CN=actioncontroller', LOOPBACK);
    const files = [{ cert_chain: readFileSync(own.cert), private_key: readFileSync(own.key) }];
    const credentials = grpc.ServerCredentials.createSsl(readFileSync(authority.ca), files, true);
    const controller = await startController(0, accept, credentials);
    const other = createAuthority();
    const flags = { store: 'memory:', 'action-controller': controller.url };
    const admin = authority.credentials(authority.issue('root4', '/CN=root'));
    for (const [ca, isAsked] of [
      [authority.ca, true],
      [other.ca, false],
    ] as const) {
      const service = await startStateManager(flagsOf({ ...flags, 'peer-ca': ca }));
      const [peer, api] = [connectPeer(service.address, admin), connectApi(service.address, admin)];
      await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
      await api.apply(packageYaml('p', ['m']));
      await peer.report('n', [container('m', 'c', 'exited', { exitCode: 1 })]);
      const said = isAsked ? 'reconcile answered' : 'ActionController cannot be reached; reconciles wait for it';
      await service.waitForLog(({ msg }) => msg === said);
      expect(controller.of('Reconcile')).toHaveLength(1);
      peer.close();
      api.close();
      await service.kill();
    }
    controller.stop();
    other.dispose();
  });
});

describe('without a policy', () => {
  it.each<[readonly string[], RegExp]>([
    [['--listen', '0.0.0.0:0'], /--listen 0\.0\.0\.0 can be reached from elsewhere: give it a --policy/],
    [['--tokens', '/dev/null'], /without --policy that counts for nothing/],
    [['--tls-cert', '/dev/null'], /--tls-cert and --tls-key go together/],
    [['--policy', '/does/not/exist'], /--policy cannot be read: ENOENT/],
    [['--policy', '/dev/null'], /--policy: it must hold `roles:`/],
    [['--tls-cert', '/dev/null', '--tls-key', '/dev/null'], /--tls-cert and --tls-key cannot be used: /],
    [['--peer-ca', '/dev/null'], /--peer-ca holds no certificate: /],
  ])('%j is refused', async (flags, said) => {
    const { code, stderr } = await runToEnd([...['--listen', '127.0.0.1:0', '--store', 'memory:'], ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(said) as string]);
  });

  it('what is wrong with several settings is said all at once', async () => {
    const { code, stderr } = await runToEnd([
      ...['--store', 'memory:', '--listen', '0.0.0.0:0'],
      ...['--tls-cert', '/nowhere', '--peer-ca', '/nowhere', '--definitions', '/nowhere'],
    ]);
    expect([code, stderr.trimEnd().split('\n')]).toEqual([
      2,
      [
        expect.stringContaining('--listen 0.0.0.0 can be reached from elsewhere'),
        'state-manager: --tls-cert and --tls-key go together, and --tls-client-ca with both',
        expect.stringMatching(/^state-manager: --definitions cannot be read: ENOENT.*\/nowhere/),
      ],
    ]);
  });

  it('everybody is let in from everywhere if that is said in so many words', async () => {
    const flags = ['--listen', '0.0.0.0:0', '--store', 'memory:', '--allow-everyone', 'yes'];
    const service = await startStateManager(flags);
    await service.kill();
  });
});
