import { Code, createClient, createRouterTransport, type Client, type ConnectRouter } from '@connectrpc/connect';
import { health } from '@statemanager/proto';
import { beforeEach, describe, expect, it } from 'vitest';
import { Health } from './health.ts';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;
const SERVICE = 'statemanager.StateManagerConnection';

describe('health', () => {
  let service: Health;
  let draining: AbortController;
  let client: Client<typeof health.Health>;

  beforeEach(() => {
    service = new Health();
    draining = new AbortController();
    client = createClient(
      health.Health,
      createRouterTransport((router) => service.routes(router, draining.signal)),
    );
  });

  it('serves while it is told so, as a whole and by service', async () => {
    expect((await client.check({})).status).toBe(NOT_SERVING);
    service.serving = true;
    expect((await client.check({ service: SERVICE })).status).toBe(SERVING);
    expect((await client.list({})).statuses[SERVICE]?.status).toBe(SERVING);
  });

  it('does not know other services', async () => {
    await expect(client.check({ service: 'other' })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('tells a watcher what is, and then what changes, once', async () => {
    const caller = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const { status } of client.watch({ service: SERVICE }, { signal: caller.signal })) {
        seen.push(status);
        if (seen.length === 1) service.serving = true;
        if (seen.length === 2) {
          service.serving = true;
          service.serving = false;
        }
        if (seen.length === 3) caller.abort();
      }
    })();
    await watching.catch(() => undefined);
    expect(seen).toEqual([NOT_SERVING, SERVING, NOT_SERVING]);
  });

  it('ends watches when the port drains', async () => {
    const seen: number[] = [];
    for await (const { status } of client.watch({ service: 'other' })) {
      seen.push(status);
      draining.abort();
    }
    expect(seen).toEqual([SERVICE_UNKNOWN]);
  });

  describe('to a watcher that reads slowly', () => {
    type Watch = (
      request: { service: string },
      context: { signal: AbortSignal },
    ) => AsyncGenerator<health.HealthCheckResponse>;

    function watch(signal: AbortSignal): AsyncGenerator<health.HealthCheckResponse> {
      let routed: { watch: Watch } | undefined;
      const router = { service: (_: unknown, routes: { watch: Watch }) => (routed = routes) };
      service.routes(router as unknown as ConnectRouter, draining.signal);
      if (routed === undefined) throw new Error('nothing was routed');
      return routed.watch({ service: '' }, { signal });
    }

    it('tells what changed while it was not reading', async () => {
      const watching = watch(new AbortController().signal);
      expect((await watching.next()).value).toMatchObject({ status: NOT_SERVING });
      service.serving = true;
      expect((await watching.next()).value).toMatchObject({ status: SERVING });
    });

    it('ends when it was aborted while it was not reading', async () => {
      const caller = new AbortController();
      const watching = watch(caller.signal);
      await watching.next();
      caller.abort();
      expect(await watching.next()).toEqual({ done: true, value: undefined });
    });
  });
});
