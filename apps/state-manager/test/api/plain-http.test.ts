import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { v1 } from '@statemanager/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPeer, container } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';

const SERVICES = [v1.StateService, v1.DefinitionService, v1.ReconcileService, v1.MaintenanceService];
const UNARY = SERVICES.flatMap(({ typeName, methods }) =>
  methods
    .filter(({ methodKind }) => methodKind === 'unary')
    .map(({ name, idempotency }) => ({
      path: `${typeName}/${name}`,
      reads: idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    })),
);

/** A request that each method answers, and a part of the answer. */
const REQUESTS: Readonly<Record<string, readonly [object, object]>> = {
  'statemanager.v1.StateService/GetResource': [
    { kind: 'package', name: 'p' },
    { resource: { kind: 'package', name: 'p', state: 'Error', package: { counts: { Dead: 1 } } } },
  ],
  'statemanager.v1.StateService/ListResources': [
    { filter: { kinds: ['model'], stale: false }, pageSize: 1 },
    { resources: [{ kind: 'model', name: 'm', model: { nodes: [{ node: 'n', containers: [{ exitCode: 3 }] }] } }] },
  ],
  'statemanager.v1.StateService/ListTransitions': [
    { kind: 'model', name: 'm', limit: 1 },
    { transitions: [{ to: 'Dead', rule: 'model.dead', source: 'node/n', generation: '1' }] },
  ],
  'statemanager.v1.StateService/ExplainResource': [
    { kind: 'package', name: 'p' },
    { explanation: { rule: 'package.error', because: [{ name: 'm', because: [{ name: 'n/c' }] }] } },
  ],
  'statemanager.v1.StateService/SimulateImpact': [
    { hypotheses: [{ model: { name: 'm', state: 'Running' } }], rankNodes: 1 },
    { changes: [{ name: 'p', from: 'Error', to: 'Running' }, { name: 'm' }], ranking: [{ node: 'n' }] },
  ],
  'statemanager.v1.DefinitionService/GetDefinition': [
    { kind: 'Package', name: 'p' },
    { definition: { kind: 'Package', name: 'p', yaml: packageYaml('p', ['m']) } },
  ],
  'statemanager.v1.DefinitionService/ListDefinitions': [{}, { definitions: [{ kind: 'Package', name: 'p' }] }],
  'statemanager.v1.DefinitionService/ApplyDefinitions': [
    { yaml: packageYaml('p', ['m']) },
    { definitions: [{ action: 'unchanged' }] },
  ],
  'statemanager.v1.ReconcileService/ListIntents': [{}, { intents: [{ package: 'p', id: 'p/2' }] }],
  'statemanager.v1.ReconcileService/PauseReconcile': [{ package: 'p' }, {}],
  'statemanager.v1.ReconcileService/ResumeReconcile': [{ package: 'p' }, {}],
  'statemanager.v1.ReconcileService/RetryReconcile': [{ package: 'p' }, { intent: { package: 'p' } }],
  'statemanager.v1.MaintenanceService/ForgetNode': [{ name: 'n' }, {}],
  'statemanager.v1.MaintenanceService/DeleteResource': [{ kind: 'scenario', name: 'asked' }, {}],
  'statemanager.v1.DefinitionService/DeleteDefinition': [{ kind: 'Package', name: 'p' }, {}],
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

describe('statemanager.v1 as JSON over plain HTTP', () => {
  let service: StateManagerProcess;

  beforeAll(async () => {
    service = await startStateManager(['--store', 'memory:', '--action-controller', 'http://127.0.0.1:1']);
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    const peer = connectPeer(service.address);
    await post('statemanager.v1.DefinitionService/ApplyDefinitions', { yaml: packageYaml('p', ['m']) });
    await peer.report('n', [container('m', '/c', 'exited', { exitCode: 3 })]);
    await peer.change({ resource_name: 'asked', target_state: 'idle' });
    peer.close();
  });

  afterAll(() => service.kill());

  const answerOf = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  const url = (path: string): string => `http://${service.address}/${path}`;
  const post = async (path: string, body: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    return answerOf(await fetch(url(path), { method: 'POST', headers, body: JSON.stringify(body) }));
  };
  const get = async (path: string, message: object): Promise<Response> => {
    const query = new URLSearchParams({ encoding: 'json', message: JSON.stringify(message) });
    return fetch(`${url(path)}?${query.toString()}`);
  };
  const requestOf = (path: string): readonly [object, object] => {
    const known = REQUESTS[path];
    if (known === undefined) throw new Error(`no request for ${path}`);
    return known;
  };

  it('has a request here for every method', () => {
    expect(UNARY.map(({ path }) => path).sort()).toEqual(Object.keys(REQUESTS).sort());
    expect(UNARY.filter(({ reads }) => reads)).toHaveLength(8);
  });

  it.each(UNARY.filter(({ reads }) => reads))('answers a GET of $path, and the same to a POST', async ({ path }) => {
    const [request, part] = requestOf(path);
    const got = await answerOf(await get(path, request));
    expect(got).toMatchObject({ status: 200, body: part });
    expect(await post(path, request)).toEqual(got);
  });

  it.each(UNARY.filter(({ reads }) => !reads))('takes no GET of $path', async ({ path }) => {
    const before = await answerOf(await get('statemanager.v1.StateService/ListResources', {}));
    const response = await get(path, requestOf(path)[0]);
    expect(response.status).toBe(405);
    expect(await answerOf(await get('statemanager.v1.StateService/ListResources', {}))).toEqual(before);
  });

  it('says what is wrong in JSON, for machines too', async () => {
    const expected = {
      status: 400,
      body: {
        code: 'invalid_argument',
        message: 'kind: "pod" is no kind; allowed are scenario, package, model, node',
        details: [
          {
            type: 'statemanager.v1.FieldProblem',
            value: expect.stringMatching(/./) as string,
            debug: {
              field: 'kind',
              problem: '"pod" is no kind',
              allowedValues: ['scenario', 'package', 'model', 'node'],
            },
          },
        ],
      },
    };
    const request = { kind: 'pod', name: 'x' };
    expect(await answerOf(await get('statemanager.v1.StateService/GetResource', request))).toEqual(expected);
    expect(await post('statemanager.v1.StateService/GetResource', request)).toEqual(expected);
    expect(await post('statemanager.v1.StateService/GetResource', { kind: 'model', name: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'not_found', message: 'model x is not known' },
    });
    expect(
      await post('statemanager.v1.MaintenanceService/DeleteResource', { kind: 'package', name: 'p' }),
    ).toMatchObject({ status: 400, body: { code: 'failed_precondition' } });
  });

  it('takes no message that is none', async () => {
    for (const message of ['{', '[]', '{"kind":7}', '{"pageSize":"many"}', '{"kind":{"a":1}}']) {
      const query = new URLSearchParams({ encoding: 'json', message });
      const response = await fetch(`${url('statemanager.v1.StateService/GetResource')}?${query.toString()}`);
      expect(await answerOf(response)).toMatchObject({ status: 400, body: { code: 'invalid_argument' } });
    }
  });

  it('takes a POST of everything that changes something', async () => {
    const removing = /Delete|Forget/;
    const changing = UNARY.filter(({ reads }) => !reads).map(({ path }) => path);
    const order = [
      ...changing.filter((path) => !removing.test(path)),
      ...changing.filter((path) => removing.test(path)),
    ];
    const last = 'statemanager.v1.DefinitionService/DeleteDefinition';
    await post('statemanager.v1.ReconcileService/ResumeReconcile', { package: 'p' });
    for (const path of [...order.filter((one) => one !== last), last]) {
      const [request, part] = requestOf(path);
      if (path.endsWith('RetryReconcile')) {
        expect(await post('statemanager.v1.ReconcileService/ResumeReconcile', { package: 'p' })).toMatchObject({
          status: 200,
        });
      }
      expect({ path, ...(await post(path, request)) }).toMatchObject({ path, status: 200, body: part });
    }
  });
});
