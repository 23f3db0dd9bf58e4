import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCollector, type CollectedSpan, type Collector } from '../kit/collector.ts';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { eventually } from '../kit/eventually.ts';
import { connectPeer, container, type Peer, type WireContainer } from '../kit/peer.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';
import { packageYaml, scenarioYaml } from '../kit/world.ts';

const REPORT = 'statemanager.StateManagerConnection/SendChangedContainerList';
const CHANGE = 'statemanager.StateManagerConnection/SendStateChange';
const OFFLOAD = 'statemanager.StateManagerConnection/TriggerOffloading';
const PAUSE = 'statemanager.v1.ReconcileService/PauseReconcile';
const ASKED_OFFLOAD = 'actioncontroller.ActionControllerConnection/OffloadModel';
const RECONCILE = 'actioncontroller.ActionControllerConnection/Reconcile';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

describe('traces', () => {
  let collector: Collector;
  let controller: ScriptedController;
  let folder: string;
  let service: StateManagerProcess | undefined;
  let peer: Peer | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'traces-'));
    writeFileSync(join(folder, 'package.yaml'), packageYaml('parking', ['camera']));
    writeFileSync(join(folder, 'scenario.yaml'), scenarioYaml('drive', 'parking'));
    [collector, controller] = await Promise.all([startCollector(), startController()]);
  });
  afterEach(async () => {
    peer?.close();
    await service?.kill();
    controller.stop();
    await collector.stop();
    rmSync(folder, { recursive: true });
  });

  async function start(env: Readonly<Record<string, string>>, more: readonly string[] = []): Promise<Peer> {
    const flags = ['--store', 'memory:', '--definitions', folder, '--action-controller', controller.url, ...more];
    service = await startStateManager(
      [...flags, '--reconcile-initial-backoff-ms', '100', '--reconcile-heal-ms', '100'],
      {
        OTEL_BSP_SCHEDULE_DELAY: '50',
        ...env,
      },
    );
    await service.waitForLog(({ msg }) => msg === 'leading: view loaded');
    peer = connectPeer(service.address);
    return peer;
  }

  const otlp = (protocol = 'http/json'): Record<string, string> => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  });

  /** Reports under a trace that the caller records, or not. */
  const report = (to: Peer, containers: readonly WireContainer[], traceparent = TRACEPARENT): Promise<unknown> =>
    to.call('SendChangedContainerList', { node_name: 'n1', containers }, 5000, { traceparent });

  const traced = (traceId = TRACE_ID): readonly CollectedSpan[] =>
    collector.spans().filter((span) => span.traceId === traceId);

  /** The names of the spans on the way from a span to the first of its trace. */
  const wayFrom = (name: string): readonly string[] => {
    const spans = traced();
    const way: string[] = [];
    for (let span = spans.find((one) => one.name === name); span !== undefined;) {
      way.push(span.name);
      const { parentSpanId } = span;
      span = spans.find(({ spanId }) => spanId === parentSpanId);
    }
    return way;
  };

  it.each(['http/json', 'http/protobuf'])(
    'show one trace from the report of a dead container to the reconcile, over OTLP as %s',
    async (protocol) => {
      const to = await start(otlp(protocol));
      await to.report('n1', [container('camera', 'c', 'running')]);
      await report(to, [container('camera', 'c', 'exited', { exitCode: 137 })]);
      await eventually(() => expect(wayFrom(RECONCILE)).toEqual([RECONCILE, 'commit', 'decide report', REPORT]));
      const [server] = traced().filter(({ name }) => name === REPORT);
      expect(server?.parentSpanId).toBe(SPAN_ID);
      expect(server?.service).toBe('state-manager');
      expect(server?.attributes).toMatchObject({ 'statemanager.node': 'n1', 'statemanager.containers.count': 1 });
      const client = traced().find(({ name }) => name === RECONCILE);
      expect(client?.attributes).toMatchObject({
        'statemanager.scenario': 'drive',
        'statemanager.outcome': 'accepted',
      });
      expect(traced().find(({ name }) => name === 'commit')?.attributes['statemanager.revision']).toBeGreaterThan(0);
      const [asked] = controller.of('Reconcile');
      expect(asked?.metadata['traceparent']).toBe(`00-${TRACE_ID}-${client?.spanId}-01`);
    },
  );

  it('tell the transitions of what was decided', async () => {
    const to = await start(otlp());
    await to.report('n1', [container('camera', 'c', 'running')]);
    await report(to, [container('camera', 'c', 'exited', { exitCode: 137 })]);
    await eventually(() => expect(wayFrom('decide report')).toHaveLength(2));
    const decide = traced().find(({ name }) => name === 'decide report');
    expect(decide?.attributes).toMatchObject({
      'statemanager.outcome': 'accepted',
      'statemanager.transitions.count': 2,
    });
    expect(decide?.events.map(({ attributes }) => attributes)).toMatchObject([
      { 'statemanager.name': 'camera', 'statemanager.to': 'Dead' },
      { 'statemanager.name': 'parking', 'statemanager.to': 'Error' },
    ]);
  });

  it('link a reconcile that is asked for again to what made its intent', async () => {
    const to = await start(otlp());
    await report(to, [container('camera', 'c', 'exited', { exitCode: 137 })]);
    await eventually(() =>
      expect(collector.spans().filter(({ name }) => name === RECONCILE).length).toBeGreaterThan(1),
    );
    const [first, second] = collector.spans().filter(({ name }) => name === RECONCILE);
    const commit = traced().find(({ name, spanId }) => name === 'commit' && spanId === first?.parentSpanId);
    expect(first?.traceId).toBe(TRACE_ID);
    expect(second).toMatchObject({ parentSpanId: '', links: [{ traceId: TRACE_ID, spanId: commit?.spanId }] });
    expect(second?.traceId).not.toBe(TRACE_ID);
  });

  it('show a change and what it was refused for', async () => {
    const to = await start(otlp());
    const change = {
      ...{
        resource_type: 'RESOURCE_TYPE_SCENARIO',
        resource_name: 'unknown',
        current_state: '',
        target_state: 'waiting',
      },
      ...{ transition_id: 't-1', timestamp_ns: '1', source: 'FilterGateway' },
    };
    await to.call('SendStateChange', change, 5000, { traceparent: TRACEPARENT });
    await eventually(() => expect(wayFrom('decide change')).toEqual(['decide change', CHANGE]));
    const server = traced().find(({ name }) => name === CHANGE);
    expect(server?.attributes).toMatchObject({ 'statemanager.transition_id': 't-1', 'rpc.status_code': 'OK' });
  });

  it('show an offload and what ActionController was asked for it', async () => {
    const to = await start(otlp());
    const offload = { scenario_name: 'drive', package_name: 'parking', model_name: 'camera' };
    const nodes = { source_node: 'n1', target_node: 'n2' };
    await to.call('TriggerOffloading', { ...offload, ...nodes }, 5000, { traceparent: TRACEPARENT });
    await eventually(() => expect(wayFrom('decide offload-answered')).toEqual(['decide offload-answered', OFFLOAD]));
    const client = traced().find(({ name }) => name === ASKED_OFFLOAD);
    expect(wayFrom(ASKED_OFFLOAD)).toEqual([ASKED_OFFLOAD, OFFLOAD]);
    expect(controller.of('OffloadModel')[0]?.metadata['traceparent']).toBe(`00-${TRACE_ID}-${client?.spanId}-01`);
  });

  it("show the API's changes, over any protocol, and none of its reads", async () => {
    await start(otlp());
    const call = (method: string, message: object): Promise<Response> =>
      fetch(`http://${service?.address}/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
        body: JSON.stringify(message),
      });
    expect((await call('statemanager.v1.ReconcileService/ListIntents', {})).status).toBe(200);
    expect((await call(PAUSE, { package: 'nowhere' })).status).toBe(404);
    expect((await call(PAUSE, { package: 'parking' })).status).toBe(200);
    const paused = await eventually(() => {
      const spans = traced().filter(({ name }) => name === PAUSE);
      expect(spans).toHaveLength(2);
      return spans;
    });
    expect(wayFrom('commit')).toEqual(['commit', 'decide reconcile-paused', PAUSE]);
    expect(traced().map(({ name }) => name)).not.toContain('statemanager.v1.ReconcileService/ListIntents');
    expect(paused.map(({ attributes }) => attributes)).toMatchObject([
      { 'rpc.system.name': 'connectrpc', 'rpc.status_code': 'NOT_FOUND', 'statemanager.package': 'nowhere' },
      { 'rpc.status_code': 'OK', 'statemanager.package': 'parking' },
    ]);
  });

  it('show an unchanged report only to whoever records its trace', async () => {
    const to = await start(otlp());
    const running = [container('camera', 'c', 'running')];
    await to.report('n1', running);
    await eventually(() => expect(collector.spans().some(({ name }) => name === REPORT)).toBe(true));
    const countBefore = collector.spans().filter(({ name }) => name === REPORT).length;
    await to.report('n1', running);
    await report(to, running, `00-${'a'.repeat(32)}-${SPAN_ID}-00`);
    await report(to, running);
    await eventually(() => expect(traced()).toHaveLength(1));
    expect(traced()[0]?.attributes).toMatchObject({ 'statemanager.outcome': 'unchanged' });
    expect(collector.spans().filter(({ name }) => name === REPORT)).toHaveLength(countBefore + 1);
  });

  it('are not continued for whoever is not let in', async () => {
    const [policy, tokens] = [join(folder, 'policy'), join(folder, 'tokens')];
    writeFileSync(policy, 'roles:\n  admin: [me]\n');
    writeFileSync(tokens, `${createHash('sha256').update('secret').digest('hex')} me\n`);
    const to = await start(otlp(), ['--policy', policy, '--tokens', tokens]);
    const containers = [container('camera', 'c', 'running')];
    await expect(report(to, containers)).rejects.toThrow('UNAUTHENTICATED');
    const change = { resource_name: 'x', target_state: 'idle' };
    await expect(to.call('SendStateChange', change, 5000, { traceparent: TRACEPARENT })).rejects.toThrow();
    const own = { traceparent: `00-${'c'.repeat(32)}-${SPAN_ID}-01`, authorization: 'Bearer secret' };
    await to.call('SendChangedContainerList', { node_name: 'n1', containers }, 5000, own);
    await eventually(() => expect(traced('c'.repeat(32)).map(({ name }) => name)).toContain(REPORT));
    expect(traced()).toEqual([]);
    expect(readFileSync(collector.file, 'utf8')).not.toContain('secret');
  });

  it('are sampled as the caller says, and then as the sampler says', async () => {
    const to = await start({
      ...otlp(),
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    await to.report('n1', [container('camera', 'c', 'running')]);
    await report(to, [container('camera', 'c', 'exited', { exitCode: 1 })], `00-${'b'.repeat(32)}-${SPAN_ID}-00`);
    await eventually(() => expect(controller.of('Reconcile').length).toBeGreaterThan(0));
    expect(controller.of('Reconcile')[0]?.metadata['traceparent']).toMatch(new RegExp(`^00-${'b'.repeat(32)}-.*-00$`));
    await report(to, [container('camera', 'c', 'running')]);
    await eventually(() => expect(traced().length).toBeGreaterThan(2));
    expect(collector.spans().filter(({ traceId }) => traceId !== TRACE_ID)).toEqual([]);
  });

  it('carry the resource that the environment names', async () => {
    const to = await start({ ...otlp(), OTEL_SERVICE_NAME: 'fleet-7', OTEL_RESOURCE_ATTRIBUTES: 'service.name=no' });
    await report(to, []);
    await eventually(() => expect(traced().map(({ service: name }) => name)).toContain('fleet-7'));
  });

  it('are sent to the end at a stop', async () => {
    const to = await start({ ...otlp(), OTEL_BSP_SCHEDULE_DELAY: '60000' });
    await report(to, [container('camera', 'c', 'running')]);
    expect(await service?.stop()).toBe(0);
    expect(wayFrom('commit')).toEqual(['commit', 'decide report', REPORT]);
  });

  it('disturb nothing when nobody takes them, and that is said once', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '200' };
    const to = await start(env);
    for (let i = 0; i < 5; i += 1) {
      await report(to, [container('camera', 'c', i % 2 === 0 ? 'running' : 'paused')]);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const said = ({ msg }: { msg?: string }): boolean => msg?.startsWith('traces are not taken') === true;
    await service?.waitForLog(said);
    expect(service?.logs.filter(said)).toHaveLength(1);
    const asked = performance.now();
    expect(await service?.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(4000);
  });

  it('are lines of the log with OTEL_TRACES_EXPORTER=console', async () => {
    const to = await start({ OTEL_TRACES_EXPORTER: 'console' });
    await report(to, [container('camera', 'c', 'running')]);
    await service?.waitForLog(({ msg, span, traceId }) => msg === 'span' && span === 'commit' && traceId === TRACE_ID);
  });

  describe('when nobody asked for them', () => {
    /** What of OpenTelemetry a process loads that is given a report. */
    async function loaded(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
      const file = join(folder, 'loaded.txt');
      const preload = new URL('../kit/loaded-modules.ts', import.meta.url).href;
      const to = await start({ ...env, NODE_OPTIONS: `--import=${preload}`, LOADED_MODULES_FILE: file });
      await report(to, [container('camera', 'c', 'running')]);
      expect(await service?.stop()).toBe(0);
      const urls = readFileSync(file, 'utf8').split('\n');
      expect(urls.some((url) => url.endsWith('/dist/service.js'))).toBe(true);
      // prom-client brings the API, which does nothing by itself.
      return urls.filter((url) => url.includes('opentelemetry') && !url.includes('@opentelemetry/api/'));
    }

    it('load nothing of OpenTelemetry’s SDK and send nothing', async () => {
      expect(await loaded({})).toEqual([]);
      expect(collector.spans()).toEqual([]);
    });

    it('nor with OTEL_SDK_DISABLED, wherever they would go', async () => {
      expect(await loaded({ ...otlp(), OTEL_SDK_DISABLED: 'true' })).toEqual([]);
      expect(collector.spans()).toEqual([]);
    });

    it('would be seen to load it', async () => {
      expect(await loaded(otlp())).not.toEqual([]);
    });
  });
});
