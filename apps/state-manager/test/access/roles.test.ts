import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer } from '../kit/api-peer.ts';
import { createAuthority, type Authority } from '../kit/certificates.ts';
import { connectPeer, type Peer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

/** Who may call what, written down by hand: a letter for each of the roles in the head. */
const ROLES = [
  'node-agent',
  'filter-gateway',
  'policy-manager',
  'action-controller',
  'api-server',
  'viewer',
  'operator',
  'admin',
  'replica',
] as const;
type Role = (typeof ROLES)[number];

const READERS: readonly Role[] = [
  'filter-gateway',
  'policy-manager',
  'action-controller',
  'api-server',
  'viewer',
  'operator',
  'admin',
];
const OPERATORS: readonly Role[] = ['operator', 'admin'];
const ASKERS: readonly Role[] = ['filter-gateway', 'policy-manager', 'action-controller', 'api-server', 'admin'];

/** Each method, a request that is well formed, and who may call it. */
const METHODS: readonly (readonly [string, Record<string, unknown>, readonly Role[]])[] = [
  // One for its own node; see below for others.
  ['SendChangedContainerList', { node_name: 'own', containers: [] }, ['node-agent', 'admin']],
  ['SendStateChange', { resource_type: 1, resource_name: 'x', target_state: 'idle' }, ASKERS],
  ['TriggerOffloading', { model_name: 'm', source_node: 'a', target_node: 'b' }, ['policy-manager', 'admin']],
  ['SendAction', {}, ASKERS],
  ['StateService/GetResource', { kind: 'node', name: 'nobody' }, READERS],
  ['StateService/ListResources', {}, READERS],
  ['StateService/ListTransitions', {}, READERS],
  ['StateService/ExplainResource', { kind: 'model', name: 'nobody' }, READERS],
  ['StateService/SimulateImpact', { rank_nodes: 1 }, READERS],
  ['DefinitionService/GetDefinition', { kind: 'Package', name: 'nobody' }, READERS],
  ['DefinitionService/ListDefinitions', {}, READERS],
  ['DefinitionService/ApplyDefinitions', { yaml: 'kind: nothing' }, ['api-server', 'admin']],
  ['DefinitionService/DeleteDefinition', { kind: 'Package', name: 'nobody' }, ['api-server', 'admin']],
  ['ReconcileService/ListIntents', {}, READERS],
  ['ReconcileService/RetryReconcile', { package: 'nobody' }, OPERATORS],
  ['ReconcileService/PauseReconcile', { package: 'nobody' }, OPERATORS],
  ['ReconcileService/ResumeReconcile', { package: 'nobody' }, OPERATORS],
  ['MaintenanceService/ForgetNode', { name: 'nobody' }, OPERATORS],
  ['MaintenanceService/DeleteResource', { kind: 'model', name: 'nobody' }, OPERATORS],
];

/** Which role may ask for which transition of a scenario; RULES' table. */
const TRANSITIONS: readonly (readonly [from: string, to: string, by: readonly Role[]])[] = [
  ['absent', 'Idle', ['api-server']],
  ['absent', 'Waiting', ['filter-gateway']],
  ['Idle', 'Waiting', ['filter-gateway']],
  ['Waiting', 'Satisfied', ['filter-gateway', 'action-controller']],
  ['Satisfied', 'Allowed', ['policy-manager']],
  ['Satisfied', 'Denied', ['policy-manager']],
  ['Allowed', 'Completed', ['action-controller']],
  ['Waiting', 'Idle', ['api-server']],
  ['Satisfied', 'Idle', ['api-server']],
  ['Allowed', 'Idle', ['api-server']],
  ['Denied', 'Idle', ['api-server']],
  ['Completed', 'Idle', ['api-server']],
];

/** How a scenario comes to a state. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  absent: [],
  Idle: ['Idle'],
  Waiting: ['Waiting'],
  Satisfied: ['Waiting', 'Satisfied'],
  Allowed: ['Waiting', 'Satisfied', 'Allowed'],
  Denied: ['Waiting', 'Satisfied', 'Denied'],
  Completed: ['Waiting', 'Satisfied', 'Allowed', 'Completed'],
};

let authority: Authority;
let service: StateManagerProcess;
const peers = new Map<string, Peer>();
const apis = new Map<string, ApiPeer>();

beforeAll(async () => {
  authority = createAuthority();
  const policy = join(authority.folder, 'policy.yaml');
  const names = ROLES.map((role) =>
    role === 'node-agent' ? '  node-agent: [spiffe://fleet/node/<node>]' : `  ${role}: [spiffe://fleet/${role}]`,
  );
  writeFileSync(policy, `roles:\n${names.join('\n')}\n`);
  const server = authority.issue('server', '/O=server', 'IP:127.0.0.1,DNS:localhost');
  const flags = {
    store: 'memory:',
    'tls-cert': server.cert,
    'tls-key': server.key,
    'tls-client-ca': authority.ca,
    policy,
  };
  service = await startStateManager(Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]));
  await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  for (const role of ROLES) {
    const identity = role === 'node-agent' ? 'spiffe://fleet/node/own' : `spiffe://fleet/${role}`;
    const credentials = authority.credentials(authority.issue(role, `/CN=not ${role}`, `URI:${identity}`));
    peers.set(role, connectPeer(service.address, credentials));
    apis.set(role, connectApi(service.address, credentials));
  }
});

afterAll(async () => {
  for (const client of [...peers.values(), ...apis.values()]) client.close();
  await service.kill();
  authority.dispose();
});

const peerOf = (role: string): Peer => peers.get(role) as Peer;
const apiOf = (role: string): ApiPeer => apis.get(role) as ApiPeer;

/** What `/metrics` says. */
async function metrics(): Promise<string> {
  const [host, port] = service.address.split(':');
  return new Promise((resolve, reject) => {
    const call = get({ host, port, path: '/metrics', ca: readFileSync(authority.ca) }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
    });
    call.on('error', reject);
  });
}

/** The code that a call ends with. */
async function codeOf(role: Role, method: string, request: Record<string, unknown>): Promise<string> {
  const call = method.includes('/')
    ? apiOf(role).call(method, request, 3000)
    : peerOf(role).call(method, { timestamp_ns: 1, source: 'test', transition_id: role, ...request }, 3000);
  return await call.then(
    (answer) => String((answer as { error_code?: string }).error_code ?? 'OK'),
    (error: ServiceError) => status[error.code] ?? '',
  );
}

describe('a role', () => {
  it('may call what the table says, and nothing else', { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    for (const [method, request, allowed] of METHODS) {
      for (const role of ROLES) {
        const code = await codeOf(role, method, request);
        const isRefused = code === 'PERMISSION_DENIED';
        // Another StateManager may bring what nodes say, but only if it says that it forwards it.
        const mayToo = role === 'replica' && method === 'SendChangedContainerList';
        if (isRefused === (allowed.includes(role) || mayToo)) wrong.push(`${role} ${method}: ${code}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('may ask for the transitions that the rules give to its component', { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    let count = 0;
    for (const [from, to, by] of TRANSITIONS) {
      for (const role of ASKERS) {
        const name = `s${(count += 1)}`;
        for (const state of WAYS[from] ?? []) {
          const set = await peerOf('admin').change({ resource_name: name, target_state: state });
          expect(set.error_code).toBe('ERROR_CODE_SUCCESS');
        }
        const { error_code } = await peerOf(role).change({ resource_name: name, target_state: to });
        const may = role === 'admin' || by.includes(role);
        if (error_code !== (may ? 'ERROR_CODE_SUCCESS' : 'ERROR_CODE_PERMISSION_DENIED')) {
          wrong.push(`${role} ${from} → ${to}: ${error_code}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('may set packages and models only if it runs them, or is admin', async () => {
    for (const [resource_type, target_state] of [
      ['RESOURCE_TYPE_PACKAGE', 'paused'],
      ['RESOURCE_TYPE_MODEL', 'running'],
    ] as const) {
      for (const role of ASKERS) {
        const change = { resource_type, resource_name: `${role}-x`, target_state };
        const { error_code } = await peerOf(role).change(change);
        const may = role === 'admin' || role === 'action-controller';
        expect([role, error_code]).toEqual([role, may ? 'ERROR_CODE_SUCCESS' : 'ERROR_CODE_PERMISSION_DENIED']);
      }
    }
  });

  it('reports for its own node only, if it is a node’s agent', async () => {
    expect(await codeOf('node-agent', 'SendChangedContainerList', { node_name: 'other' })).toBe('PERMISSION_DENIED');
    expect(await codeOf('admin', 'SendChangedContainerList', { node_name: 'other' })).toBe('OK');
    expect(await codeOf('node-agent', 'SendChangedContainerList', { node_name: 'own' })).toBe('OK');
  });

  it('is counted once when it is refused, also where a report has come the short way first', async () => {
    const denied = async (): Promise<number> => {
      const [line = ''] = (await metrics()).split('\n').filter((one) => one.includes('reason="permission_denied"'));
      return Number(line.split(' ').at(-1));
    };
    const before = await denied();
    await codeOf('viewer', 'SendChangedContainerList', { node_name: 'n' });
    await codeOf('node-agent', 'SendChangedContainerList', { node_name: 'other' });
    expect(await denied()).toBe(before + 2);
  });

  it('is noted with whatever it changed, and with what it was refused', async () => {
    const audits = (): readonly object[] => service.logs.filter(({ msg }) => msg === 'audit');
    await peerOf('viewer')
      .change({ resource_name: 'noted', target_state: 'idle' })
      .catch(() => undefined);
    await peerOf('api-server').change({ resource_name: 'noted', target_state: 'idle', transition_id: 't-noted' });
    await service.waitForLog(({ msg, transitionId }) => msg === 'audit' && transitionId === 't-noted');
    expect(audits()).toContainEqual(
      expect.objectContaining({
        identity: 'spiffe://fleet/viewer',
        name: 'noted',
        outcome: 'PermissionDenied',
      }) as object,
    );
    expect(audits()).toContainEqual(
      expect.objectContaining({
        identity: 'spiffe://fleet/api-server',
        name: 'noted',
        target: 'idle',
        outcome: 'SUCCESS',
      }) as object,
    );
  });
});
