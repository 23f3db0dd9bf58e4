import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPeer, container, type Peer } from '../kit/peer.ts';
import { eventually } from '../kit/eventually.ts';
import { parseMetrics, scrape } from '../kit/metrics.ts';
import { overHttp1, overHttp2 } from '../kit/plain-get.ts';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const MODELS = ['helloworld-core', 'helloworld-display'];

describe('a process', () => {
  let service: StateManagerProcess;
  let controller: ScriptedController;
  let peer: Peer;

  beforeAll(async () => {
    controller = await startController();
    const flags = ['--action-controller', controller.url, '--definitions', '../../examples/definitions'];
    service = await startStateManager(['--store', 'memory:', ...flags]);
    peer = connectPeer(service.address);
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
  });

  afterAll(async () => {
    peer.close();
    await service.kill();
    controller.stop();
  });

  const say = (state: string, exitCode = 0): Promise<unknown> =>
    peer.report(
      'n1',
      MODELS.map((model) => container(model, `${model}-1`, state, { exitCode })),
    );

  it('counts what came over the wire, whichever way it was answered', async () => {
    await say('running');
    for (let i = 0; i < 5; i += 1) await say('running');
    await expect(peer.report('no name', [])).rejects.toMatchObject({ code: 3 });
    await say('exited', 137);
    await eventually(async () => {
      const found = await scrape(service.address);
      expect(found.value('statemanager_reconciles_total', { result: 'accepted' })).toBe(1);
    });
    const found = await scrape(service.address);
    const reports = (result: string): number | undefined => found.value('statemanager_reports_total', { result });
    expect([reports('changed'), reports('unchanged'), reports('refused')]).toEqual([2, 5, 1]);
    expect(found.value('statemanager_resources', { kind: 'package', state: 'Error' })).toBe(1);
    expect(found.value('statemanager_transitions_total', { kind: 'model', state: 'Dead' })).toBe(2);
    expect(found.value('statemanager_intents')).toBe(1);
    expect(found.value('statemanager_inputs_total', { type: 'attempt-ended', result: 'changed' })).toBe(1);
    await say('running');
    const healed = await scrape(service.address);
    expect(healed.value('statemanager_intents')).toBe(0);
    expect(healed.value('statemanager_resources', { kind: 'package', state: 'Running' })).toBe(1);
  });

  it.each([
    ['HTTP/1.1', overHttp1],
    ['HTTP/2', overHttp2],
  ])('answers over %s', async (_protocol, ask) => {
    const { address } = service;
    expect(await ask(address, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    const ready = await ask(address, '/readyz?verbose');
    expect(ready).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(JSON.parse(ready.body)).toMatchObject({ ready: true, role: 'leader', reasons: [], store: { state: 'ok' } });
    const metrics = await ask(address, '/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parseMetrics(metrics.body).value('statemanager_leading')).toBe(1);
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const head = await ask(address, path, 'HEAD');
      expect(head).toMatchObject({ status: 200, body: '' });
      expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
      expect(await ask(address, path, 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
    const nothing = await ask(address, '/nothing');
    expect(nothing.status).toBe(404);
    expect(nothing.body).toContain('/readyz');
    expect(await ask(address, '/statemanager.Nothing/Nothing', 'POST')).toMatchObject({ status: 404, body: '' });
  });

  it('answers many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => overHttp1(service.address, '/metrics')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('has no name of a resource or node in what it exposes, and no more of it the more there is', async () => {
    const before = await overHttp1(service.address, '/metrics');
    for (let i = 0; i < 50; i += 1) await peer.report(`node-${i}`, [container(`model-${i}`, `c-${i}`, 'running')]);
    const after = await overHttp1(service.address, '/metrics');
    expect(after.body).not.toMatch(/node-\d|model-\d|helloworld|n1/);
    const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('statemanager_'));
    expect(lines(after.body)).toHaveLength(lines(before.body).length);
    expect(parseMetrics(after.body).value('statemanager_nodes')).toBe(51);
  });

  it('names, units and types are Prometheus’', async () => {
    const { types, helps } = await scrape(service.address);
    for (const [name, type] of types) {
      expect(helps.get(name)).toMatch(/./);
      if (!name.startsWith('statemanager_')) continue;
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|millis|kb|mb|percent|count)(_|$)/);
    }
  });
});
