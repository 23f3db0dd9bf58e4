import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPeer, container } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml } from '../kit/world.ts';
import { findPython } from './python-peer.ts';

const SCRIPT = fileURLToPath(new URL('./python_api.py', import.meta.url));
const PROTOS = fileURLToPath(new URL('../../../../proto', import.meta.url));
const FILES = ['resource', 'state_service', 'definition_service', 'reconcile_service', 'maintenance_service'];

describe('a client of statemanager.v1 made with Python’s grpcio', () => {
  const python = findPython();
  let folder: string;
  let service: StateManagerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'python-api-'));
    const outputs = [`--python_out=${folder}`, `--grpc_python_out=${folder}`];
    execFileSync(python, ['-m', 'grpc_tools.protoc', `-I${folder}`, ...outputs, ...copyProtos()], { stdio: 'pipe' });
    service = await startStateManager(['--store', 'memory:', '--action-controller', 'http://127.0.0.1:1']);
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    const peer = connectPeer(service.address);
    await peer.report('n', [container('m', '/c', 'exited', { exitCode: 137, oom: true })]);
    peer.close();
  });

  afterAll(async () => {
    await service?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Debian’s grpcio-tools are older than `optional`, which makes no difference on the wire. */
  function copyProtos(): readonly string[] {
    mkdirSync(join(folder, 'statemanager/v1'), { recursive: true });
    return FILES.map((file) => {
      const path = `statemanager/v1/${file}.proto`;
      writeFileSync(join(folder, path), readFileSync(join(PROTOS, path), 'utf8').replaceAll(/^ {2}optional /gm, '  '));
      return path;
    });
  }

  function call(...orders: readonly (readonly [string, object])[]): readonly unknown[] {
    const lines = orders.map(([path, request]) => {
      const [of = '', method = ''] = path.split('/');
      return `${JSON.stringify({ service: of, method, request })}\n`;
    });
    const input = lines.join('');
    const printed = execFileSync(python, [SCRIPT, folder, service.address], { input, encoding: 'utf8' });
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }

  it('applies, reads, explains, steers and forgets', () => {
    const model = { kind: 'model', name: 'm' };
    const answers = call(
      ['DefinitionService/ApplyDefinitions', { yaml: packageYaml('p', ['m']) }],
      ['StateService/GetResource', model],
      ['StateService/ListResources', { filter: { kinds: ['package'], stale: false } }],
      ['StateService/ExplainResource', { kind: 'package', name: 'p' }],
      ['ReconcileService/PauseReconcile', { package: 'p', source: 'python' }],
      ['ReconcileService/ListIntents', {}],
      ['MaintenanceService/ForgetNode', { name: 'n' }],
    );
    expect(answers).toMatchObject([
      { answer: { definitions: [{ kind: 'Package', action: 'created' }] } },
      {
        answer: {
          resource: {
            state: 'Dead',
            since: expect.stringMatching(/^\d{4}-.*Z$/) as string,
            model: { nodes: [{ containers: [{ exit_code: 137, oom_killed: true }], confirmed: true }] },
          },
        },
      },
      { answer: { resources: [{ name: 'p', state: 'Error' }] } },
      { answer: { explanation: { rule: 'package.error', because: [{ name: 'm' }] } } },
      { answer: {} },
      { answer: { intents: [{ package: 'p', waits_because: 'reconciles of package p are paused' }] } },
      { answer: {} },
    ]);
  });

  it('hears errors as gRPC statuses, with texts that are not ASCII', () => {
    expect(
      call(
        ['StateService/GetResource', { kind: 'node', name: 'n' }],
        ['StateService/GetResource', { kind: 'größe', name: 'n' }],
        ['ReconcileService/RetryReconcile', { package: 'p' }],
      ),
    ).toMatchObject([
      { error: { code: 'NOT_FOUND' } },
      { error: { code: 'INVALID_ARGUMENT', details: expect.stringContaining('"größe" is no kind') as string } },
      { error: { code: 'FAILED_PRECONDITION' } },
    ]);
  });
});
