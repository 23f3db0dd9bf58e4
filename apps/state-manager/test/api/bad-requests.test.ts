import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, type ApiPeer, type Message } from '../kit/api-peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';

let service: StateManagerProcess;
let api: ApiPeer;

beforeAll(async () => {
  service = await startStateManager(['--store', 'memory:']);
  await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  api = connectApi(service.address);
  await api.apply(packageYaml('p', ['m']));
});

afterAll(async () => {
  expect(await api.get('package', 'p')).toMatchObject({ state: 'Idle' });
  api.close();
  expect(await service.stop()).toBe(0);
});

const KINDS = ['scenario', 'package', 'model', 'node'];
const RESOURCES = KINDS.slice(0, 3);
const DEFINITIONS = ['Package', 'Scenario', 'Model'];
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** The method, the request, the field that is wrong, and what would be allowed. */
const BAD: readonly (readonly [method: string, request: Message, field: string, allowed?: readonly string[]])[] = [
  ['StateService/GetResource', {}, 'kind', KINDS],
  ['StateService/GetResource', { kind: 'pod', name: 'x' }, 'kind', KINDS],
  ['StateService/GetResource', { kind: 'model' }, 'name'],
  ['StateService/GetResource', { kind: 'model', name: 'a/b' }, 'name'],
  ['StateService/GetResource', { kind: 'model', name: '-a' }, 'name'],
  ['StateService/GetResource', { kind: 'model', name: 'x'.repeat(254) }, 'name'],
  ['StateService/GetResource', { kind: 'model', name: 'größe' }, 'name'],
  ['StateService/GetResource', { kind: 'x'.repeat(1_000_000), name: 'x' }, 'kind', KINDS],
  ['StateService/GetResource', { kind: 'model', name: 'x'.repeat(5_000_000) }, 'name'],
  ['StateService/ListResources', { page_size: -1 }, 'page_size'],
  ['StateService/ListResources', { page_size: 1001 }, 'page_size'],
  ['StateService/ListResources', { page_token: 'odd' }, 'page_token'],
  ['StateService/ListResources', { page_token: 'x'.repeat(1_000_000) }, 'page_token'],
  ['StateService/ListResources', { filter: { kinds: ['model', 'volume'] } }, 'filter.kinds[1]', KINDS],
  ['StateService/ListResources', { filter: { kinds: ['package'], states: ['Dead'] } }, 'filter.states[0]'],
  ['StateService/ListResources', { filter: { states: ['odd'] } }, 'filter.states[0]'],
  ['StateService/ListResources', { filter: { kinds: many(100_000, 'model') } }, 'filter.kinds'],
  ['StateService/ListResources', { filter: { states: many(100_000, 'Dead') } }, 'filter.states'],
  ['StateService/ListResources', { filter: { name_prefix: 'x'.repeat(1_000_000) } }, 'filter.name_prefix'],
  ['StateService/ListResources', { filter: { package: 'x'.repeat(1_000_000) } }, 'filter.package'],
  ['StateService/ListTransitions', { kind: 'model' }, 'name'],
  ['StateService/ListTransitions', { name: 'm' }, 'kind', RESOURCES],
  ['StateService/ListTransitions', { kind: 'node', name: 'n' }, 'kind', RESOURCES],
  ['StateService/ListTransitions', { limit: -1 }, 'limit'],
  ['StateService/ListTransitions', { limit: 1001 }, 'limit'],
  ['StateService/ExplainResource', { kind: 'node', name: 'n' }, 'kind', RESOURCES],
  ['StateService/ExplainResource', { kind: 'model', name: '' }, 'name'],
  ['StateService/SimulateImpact', { rank_nodes: -1 }, 'rank_nodes'],
  ['StateService/SimulateImpact', { rank_nodes: 1001 }, 'rank_nodes'],
  ['StateService/SimulateImpact', { hypotheses: many(101, { node_lost: 'n' }) }, 'hypotheses'],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{}] },
    'hypotheses[0]',
    ['node_lost', 'model', 'container', 'definition'],
  ],
  ['StateService/SimulateImpact', { hypotheses: [{ node_lost: 'nobody' }] }, 'hypotheses[0].node_lost'],
  ['StateService/SimulateImpact', { hypotheses: [{ node_lost: '' }] }, 'hypotheses[0].node_lost'],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{ model: { name: 'm', state: 'Dead' } }, { model: { name: 'm', state: 'Gone' } }] },
    'hypotheses[1].model.state',
    ['Created', 'Paused', 'Exited', 'Dead', 'Running'],
  ],
  ['StateService/SimulateImpact', { hypotheses: [{ model: { name: '', state: 'Dead' } }] }, 'hypotheses[0].model.name'],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{ container: { node: 'n', model: 'm', name: 'c', state: 'Restarting' } }] },
    'hypotheses[0].container.state',
    ['Dead', 'Paused', 'Exited', 'Running', 'Initialized', 'Created', 'Unknown'],
  ],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{ container: { node: '', model: 'm', name: 'c', state: 'Dead' } }] },
    'hypotheses[0].container.node',
  ],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{ container: { node: 'n', model: 'm', name: '', state: 'Dead' } }] },
    'hypotheses[0].container.name',
  ],
  ['StateService/SimulateImpact', { hypotheses: [{ definition: 'kind: Pod' }] }, 'hypotheses[0].definition'],
  [
    'StateService/SimulateImpact',
    { hypotheses: [{ definition: 'kind: Model\nmetadata: {name: m}' }] },
    'hypotheses[0].definition',
    ['Package', 'Scenario'],
  ],
  ['StateService/SimulateImpact', { hypotheses: [{ definition: '['.repeat(100_000) }] }, 'hypotheses[0].definition'],
  ['DefinitionService/ApplyDefinitions', {}, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: '# nothing\n---\n' }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: 'kind: Pod\nmetadata: {name: p}\n' }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: `kind: Model\nmetadata: {name: ${'x'.repeat(500_000)}}\n` }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: `# ${'x'.repeat(5_000_000)}` }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: 'kind: Pod\n---\n'.repeat(1001) }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: 'kind: Pod\n---\n'.repeat(1000) }, 'yaml'],
  ['DefinitionService/ApplyDefinitions', { yaml: '['.repeat(100_000) }, 'yaml'],
  ['DefinitionService/GetDefinition', { kind: 'pod', name: 'x' }, 'kind', DEFINITIONS],
  ['DefinitionService/GetDefinition', { kind: 'Package', name: '../x' }, 'name'],
  ['DefinitionService/DeleteDefinition', { kind: '', name: 'x' }, 'kind', DEFINITIONS],
  ['DefinitionService/DeleteDefinition', { kind: 'Model', name: 'x y' }, 'name'],
  ['DefinitionService/ListDefinitions', { kind: 'pod' }, 'kind', DEFINITIONS],
  ['DefinitionService/ListDefinitions', { page_size: 1001 }, 'page_size'],
  ['DefinitionService/ListDefinitions', { page_token: 'odd' }, 'page_token'],
  ['ReconcileService/RetryReconcile', {}, 'package'],
  ['ReconcileService/PauseReconcile', { package: 'a b' }, 'package'],
  ['ReconcileService/ResumeReconcile', { package: 'x'.repeat(254) }, 'package'],
  ['MaintenanceService/ForgetNode', {}, 'name'],
  ['MaintenanceService/ForgetNode', { name: 'n', source: 'x'.repeat(254) }, 'source'],
  ['MaintenanceService/DeleteResource', { kind: 'node', name: 'n' }, 'kind', RESOURCES],
  ['MaintenanceService/DeleteResource', { kind: 'model', name: '' }, 'name'],
  ['MaintenanceService/DeleteResource', { kind: 'model', name: 'm', source: 'ü'.repeat(127) }, 'source'],
];

const CASES = BAD.map(([method, request, field, allowed = []]) => ({ method, request, field, allowed }));

describe('a bad request', () => {
  it.each(CASES)('$method names $field', async ({ method, request, field, allowed }) => {
    const failed = await api.failure(method, request);
    expect(failed).toMatchObject({ code: 'INVALID_ARGUMENT', problems: [{ field }] });
    const [problem] = failed.problems;
    expect(problem?.problem).not.toBe('');
    if (allowed.length > 0) expect(problem?.allowed_values).toEqual(allowed);
    expect(failed.details.startsWith(`${field}: ${problem?.problem ?? ''}`)).toBe(true);
    expect(failed.details.length).toBeLessThan(4000);
  });

  it('larger than the limit is refused, and the connection lives on', async () => {
    const failed = await api.failure('StateService/GetResource', { kind: 'model', name: 'x'.repeat(17_000_000) });
    expect(failed.code).toBe('RESOURCE_EXHAUSTED');
    expect(await api.get('package', 'p')).toMatchObject({ state: 'Idle' });
  });

  it('does not hold up everybody else', async () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1\n`).join('');
    const yaml = `kind: Model\nmetadata: {name: m}\n${keys}`;
    const began = performance.now();
    await Promise.all([
      api.call('DefinitionService/ApplyDefinitions', { yaml, dry_run: true }),
      api.get('package', 'p'),
    ]);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
