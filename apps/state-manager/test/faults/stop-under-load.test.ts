import { status } from '@grpc/grpc-js';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { health } from '@statemanager/proto';
import { startTcpProxy } from '@statemanager/state-store/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { connectPeer } from '../kit/peer.ts';
import { Load } from './load.ts';
import { brokenRules } from './naive-rules.ts';
import { chanceOf, SEED } from './seed.ts';
import { NEVER_MS, running, startStand } from './stand.ts';
import { etcdUnderTest, STORES } from './stores.ts';

describe.each(Object.entries(STORES))('SIGTERM under load, on %s', (name, open) => {
  it('ends with 0, and everything acknowledged is durable', async ({ onTestFinished }) => {
    console.log(`stop on ${name}: STATEMANAGER_SEED=${SEED}`);
    const store = await open();
    onTestFinished(() => store.dispose());
    const load = new Load(`stop on ${name}`);
    await load.define(store);
    const { service, peer } = await startStand(onTestFinished, store.url);
    const second = connectPeer(service.address);
    onTestFinished(() => second.close());
    const over = new AbortController();
    const loading = load.run([peer, second], over.signal);
    await eventually(() => expect(load.acknowledgedCount).toBeGreaterThan(20));
    await sleep(chanceOf(`stop on ${name}, moment`).between(0, 100));
    expect(await service.stop()).toBe(0);
    over.abort();
    await loading;
    const contents = await store.read();
    expect(load.brokenPromises(contents)).toEqual([]);
    expect(brokenRules(contents)).toEqual([]);
    expect(contents.has('/statemanager/leader'), 'the leadership was given up').toBe(false);
  });
});

describe('SIGTERM', () => {
  it('answers every accepted call once it is durable, however slow the store, and refuses new ones', async ({
    onTestFinished,
  }) => {
    const store = await etcdUnderTest();
    onTestFinished(() => store.dispose());
    const proxy = await startTcpProxy(store.etcd.port);
    onTestFinished(() => proxy.close());
    const { service, peer } = await startStand(onTestFinished, `etcd:${proxy.endpoint}`);
    await peer.report('n0', []);
    proxy.holdRequests();
    const nodes = Array.from({ length: 30 }, (_, i) => `n${i}`);
    const reports = nodes.map((node) => peer.report(node, running(`model-of-${node}`)));
    const changes = nodes.map((name) => peer.change({ resource_name: `s-${name}`, target_state: 'idle' }));
    // This one is answered at once, and travels behind the others: all of them have arrived.
    await expect(peer.call('SendAction', { action: 'x' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });

    const ended = service.stop();
    await service.waitForLog(({ msg }) => msg === 'stopping: finishing what was accepted');
    const late = connectPeer(service.address);
    onTestFinished(() => late.close());
    await expect(late.report('late', [], 5000)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await proxy.release();
    expect(await Promise.all(reports)).toHaveLength(nodes.length);
    for (const answer of await Promise.all(changes)) expect(answer.error_code).toBe('ERROR_CODE_SUCCESS');
    expect(await ended).toBe(0);
    const contents = await store.read();
    for (const node of nodes) {
      expect(contents.has(`/model/model-of-${node}/state`), node).toBe(true);
      expect(contents.has(`/scenario/s-${node}/state`), node).toBe(true);
    }
  });

  it('ends with 0 in bounded time although the store is away', async ({ onTestFinished }) => {
    const store = await etcdUnderTest();
    onTestFinished(() => store.dispose());
    const { service, peer } = await startStand(onTestFinished, store.url, { 'drain-ms': '300' });
    await peer.report('n1', running('a'));
    await store.etcd.kill();
    const inVain = peer.report('n1', []);
    const heard = expect(inVain).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await service.waitForLog(({ msg }) => String(msg).includes('sending'));
    const before = performance.now();
    expect(await service.stop()).toBe(0);
    expect(performance.now() - before).toBeLessThan(15_000);
    await heard;
  });

  it('is held up by nobody who only watches its health', async ({ onTestFinished }) => {
    const { service } = await startStand(onTestFinished, 'memory:', { 'drain-ms': NEVER_MS });
    const transport = createGrpcTransport({ baseUrl: `http://${service.address}` });
    const watch = createClient(health.Health, transport).watch({})[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: health.HealthCheckResponse_ServingStatus.SERVING });
    expect(await service.stop()).toBe(0);
  });
});
