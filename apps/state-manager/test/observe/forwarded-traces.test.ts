import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector, type CollectedSpan, type Collector } from '../kit/collector.ts';
import { eventually } from '../kit/eventually.ts';
import { startReplicas, type Replicas } from '../kit/fleet-of-replicas.ts';
import { container } from '../kit/peer.ts';
import { scenarioYaml } from '../kit/world.ts';

const SPAN_ID = '00f067aa0ba902b7';
const SERVICE = 'statemanager.StateManagerConnection';
const RECONCILE = 'actioncontroller.ActionControllerConnection/Reconcile';

describe('the trace of a call that is forwarded', () => {
  let collector: Collector;
  let replicas: Replicas;
  beforeAll(async () => {
    collector = await startCollector();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
    replicas = await startReplicas(2, [], undefined, env);
    await replicas.define('parking', ['camera']);
    await replicas.etcd.put('Scenario/drive', scenarioYaml('drive', 'parking'));
  });
  afterAll(async () => {
    await replicas.stop();
    await collector.stop();
  });

  /** The names of the spans on the way from one to what called the service. */
  function wayFrom(name: string, traceId: string): readonly string[] {
    const spans = collector.spans().filter((span) => span.traceId === traceId);
    const way: string[] = [];
    const upwards = (span: CollectedSpan | undefined): void => {
      if (span === undefined) return;
      way.push(span.name);
      upwards(spans.find(({ spanId }) => spanId === span.parentSpanId));
    };
    upwards(spans.find((span) => span.name === name));
    return way;
  }

  it('goes from the process that was called over the leader to the reconcile', async () => {
    const { peer } = replicas.other(await replicas.leader());
    const traceId = '1'.repeat(32);
    const report = { node_name: 'n1', containers: [container('camera', 'c', 'exited', { exitCode: 1 })] };
    const traceparent = `00-${traceId}-${SPAN_ID}-01`;
    await peer.call('SendChangedContainerList', report, 5000, { traceparent });
    const called = `${SERVICE}/SendChangedContainerList`;
    await eventually(() =>
      expect(wayFrom(RECONCILE, traceId)).toEqual([RECONCILE, 'commit', 'decide report', called, called]),
    );
  });

  it('is that of a change as well', async () => {
    const { peer } = replicas.other(await replicas.leader());
    const traceId = '2'.repeat(32);
    const change = { resource_type: 'RESOURCE_TYPE_SCENARIO', resource_name: 's', target_state: 'waiting' };
    const rest = { transition_id: 't', timestamp_ns: '1', source: 'FilterGateway' };
    await peer.call('SendStateChange', { ...change, ...rest }, 5000, { traceparent: `00-${traceId}-${SPAN_ID}-01` });
    const called = `${SERVICE}/SendStateChange`;
    await eventually(() => expect(wayFrom('decide change', traceId)).toEqual(['decide change', called, called]));
  });
});
