import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { container, type WireContainer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml, scenarioYaml } from '../kit/world.ts';
import { startPythonPeer, type PythonOutcome, type PythonPeer } from './python-peer.ts';

const ENUM = { model: 3, scenario: 1, success: 0, invalidTransition: 4, failed: 5, running: 3 } as const;

describe('a peer made with Python’s grpcio', () => {
  let python: PythonPeer;
  let service: StateManagerProcess;
  let folder: string;

  beforeAll(async () => {
    python = await startPythonPeer();
    folder = mkdtempSync(join(tmpdir(), 'definitions-'));
    writeFileSync(join(folder, 'package.yaml'), packageYaml('hello', ['hello-core', 'hello-display']));
    writeFileSync(join(folder, 'scenario.yaml'), scenarioYaml('greeting', 'hello'));
    const controller = ['--action-controller', python.controllerUrl];
    service = await startStateManager(['--store', 'memory:', '--definitions', folder, ...controller]);
  });
  afterAll(async () => {
    await service?.kill();
    await python?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const call = (method: string, request: object, options = {}): Promise<PythonOutcome> =>
    python.call(service.address, method, request, options);
  const change = (target_state: string, more: object = {}): Promise<PythonOutcome> =>
    call('SendStateChange', {
      resource_type: ENUM.scenario,
      resource_name: 'from-python',
      target_state,
      transition_id: `python-${target_state}`,
      timestamp_ns: '1790000000000000000',
      source: 'filtergateway',
      ...more,
    });
  const report = (containers: readonly WireContainer[], options = {}): Promise<PythonOutcome> =>
    call('SendChangedContainerList', { node_name: 'hpc', containers }, options);

  it('has its state changes answered, field by field', async () => {
    expect(await change('waiting')).toEqual({
      id: expect.any(Number) as number,
      answer: {
        message: 'scenario from-python is Waiting',
        transition_id: 'python-waiting',
        timestamp_ns: expect.any(Number) as number,
        error_code: ENUM.success,
        error_details: '',
      },
    });
    expect(await change('completed')).toMatchObject({
      answer: {
        error_code: ENUM.invalidTransition,
        error_details: expect.stringContaining('Satisfied') as string,
      },
    });
  });

  it('has a crash in Podman’s own words end in its Reconcile, with the right fields', async () => {
    const models = ['hello-core', 'hello-display'];
    const all = (status: string, exitCode = 0): readonly WireContainer[] =>
      models.map((model) => container(model, `/${model}`, status, { exitCode }));
    expect(await report(all('running'))).toMatchObject({ answer: { resp: expect.any(String) as string } });
    expect(await report(all('exited', 137))).toHaveProperty('answer');
    await eventually(() => expect(python.received).toHaveLength(1));
    expect(python.received[0]).toMatchObject({
      received: 'Reconcile',
      request: { scenario_name: 'greeting', current: ENUM.failed, desired: ENUM.running },
    });
    expect(python.received[0]?.metadata['statemanager-intent-id']).toMatch(/^hello/);
    await report(all('running'));
    await service.waitForLog((line) => line.kind === 'package' && line.from === 'Error' && line.to === 'Running');
  });

  it('has all seven fields of its offload forwarded to its OffloadModel, and hears what that said', async () => {
    const offload = {
      scenario_name: 'greeting',
      package_name: 'hello',
      model_name: 'hello-core',
      source_node: 'hpc',
      target_node: 'zone-left',
      policy_name: 'thermal',
      reason: 'zu heiß: 95 °C',
    };
    expect(await call('TriggerOffloading', offload)).toMatchObject({
      answer: { accepted: true, message: 'moving hello-core', transition_id: 'python-1' },
    });
    const received = python.received.filter(({ received }) => received === 'OffloadModel');
    expect(received.map(({ request }) => request)).toEqual([offload]);
  });

  it('hears UNIMPLEMENTED to SendAction', async () => {
    expect(await call('SendAction', { action: 'restart' })).toMatchObject({ error: { code: 'UNIMPLEMENTED' } });
  });

  it('may compress what it sends', async () => {
    const many = Array.from({ length: 50 }, (_, i) => container('zipped', `zipped-${i}`, 'running'));
    expect(await report(many, { gzip: true })).toHaveProperty('answer');
    await service.waitForLog((line) => line.kind === 'model' && line.name === 'zipped' && line.to === 'Running');
  });

  it('hears INVALID_ARGUMENT that names the field when its node has no name', async () => {
    const outcome = await call('SendChangedContainerList', { node_name: '', containers: [] });
    expect(outcome).toMatchObject({
      error: { code: 'INVALID_ARGUMENT', details: expect.stringContaining('node_name') as string },
    });
  });
});
