import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { health } from '@statemanager/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const run = promisify(execFile);
const BUF = fileURLToPath(new URL('../../../../node_modules/.bin/buf', import.meta.url));
const SERVICE = 'statemanager.StateManagerConnection';
const { SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;

let service: StateManagerProcess;
beforeAll(async () => (service = await startStateManager(['--store', 'memory:'])));
afterAll(() => service.kill());

const buf = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await run(BUF, ['curl', ...args], { timeout: 20_000 });
  return stdout;
};

describe('buf curl, which knows nothing but the address', () => {
  it('lists services and methods through reflection', async () => {
    const base = `http://${service.address}`;
    const services = (await buf('--list-services', '--http2-prior-knowledge', base)).trim().split('\n');
    expect(services).toEqual(expect.arrayContaining([SERVICE, 'grpc.health.v1.Health']));
    const methods = (await buf('--list-methods', '--http2-prior-knowledge', base)).trim().split('\n');
    for (const method of ['SendStateChange', 'SendChangedContainerList', 'TriggerOffloading', 'SendAction']) {
      expect(methods).toContain(`${SERVICE}/${method}`);
    }
  });

  it.each(['grpc', 'grpcweb', 'connect'])(
    'reads statemanager.v1 over %s, which it knows by reflection',
    async (protocol) => {
      const base = `http://${service.address}`;
      const services = (await buf('--list-services', '--http2-prior-knowledge', base)).trim().split('\n');
      const ours = ['StateService', 'DefinitionService', 'ReconcileService', 'MaintenanceService'];
      expect(services).toEqual(expect.arrayContaining(ours.map((name) => `statemanager.v1.${name}`)));
      const methods = (await buf('--list-methods', '--http2-prior-knowledge', base)).trim().split('\n');
      for (const method of ['StateService/WatchResources', 'MaintenanceService/ForgetNode']) {
        expect(methods).toContain(`statemanager.v1.${method}`);
      }
      const call = (method: string, request: object): Promise<string> =>
        buf('--protocol', protocol, '--http2-prior-knowledge', '-d', JSON.stringify(request), `${base}/${method}`);
      const yaml = `kind: Package\nmetadata: {name: p-${protocol}}\nspec: {}\n`;
      expect(JSON.parse(await call('statemanager.v1.DefinitionService/ApplyDefinitions', { yaml }))).toMatchObject({
        definitions: [{ action: 'created' }],
      });
      const request = { kind: 'package', name: `p-${protocol}` };
      expect(JSON.parse(await call('statemanager.v1.StateService/GetResource', request))).toMatchObject({
        resource: { state: 'Idle', since: expect.stringMatching(/^\d{4}-.*Z$/) as string },
      });
      const failed = await call('statemanager.v1.StateService/GetResource', { kind: 'pod' }).catch(
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({
        code: 3 << 3,
        stderr: expect.stringContaining('statemanager.v1.FieldProblem') as string,
      });
    },
  );

  it.each(['grpc', 'grpcweb', 'connect'])('calls over %s through reflection', async (protocol) => {
    const request = {
      resource_type: 'RESOURCE_TYPE_MODEL',
      resource_name: `buf-${protocol}`,
      target_state: 'running',
      transition_id: `buf-${protocol}`,
      timestamp_ns: '1',
      source: 'buf',
    };
    const url = `http://${service.address}/${SERVICE}/SendStateChange`;
    const answer = await buf('--protocol', protocol, '--http2-prior-knowledge', '-d', JSON.stringify(request), url);
    expect(JSON.parse(answer)).toMatchObject({ message: `model buf-${protocol} is Running` });
  });

  it('sees the status of a failed call in its exit code', async () => {
    const url = `http://${service.address}/${SERVICE}/SendAction`;
    const failed = await buf('--protocol', 'grpc', '-d', '{}', url).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 12 << 3 });
  });
});

describe('grpc.health.v1', () => {
  const connect = (): ReturnType<typeof createClient<typeof health.Health>> =>
    createClient(health.Health, createGrpcTransport({ baseUrl: `http://${service.address}` }));

  it('checks the whole and the service, and does not know others', async () => {
    expect((await connect().check({})).status).toBe(SERVING);
    expect((await connect().check({ service: SERVICE })).status).toBe(SERVING);
    await expect(connect().check({ service: 'nobody' })).rejects.toMatchObject({ code: 5 });
  });

  it('says the present status at once to a watcher, and that of an unknown service as unknown', async () => {
    for (const [name, status] of [
      ['', SERVING],
      [SERVICE, SERVING],
      ['nobody', SERVICE_UNKNOWN],
    ] as const) {
      const stop = new AbortController();
      const watch = connect().watch({ service: name }, { signal: stop.signal })[Symbol.asyncIterator]();
      const first = await watch.next();
      expect(first.value).toMatchObject({ status });
      stop.abort();
      await expect(watch.next()).rejects.toMatchObject({ code: 1 });
    }
  });

  it('does not let a watcher hold up a stop', async () => {
    const stopping = await startStateManager(['--store', 'memory:', '--drain-ms', '20000']);
    const client = createClient(health.Health, createGrpcTransport({ baseUrl: `http://${stopping.address}` }));
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const { status } of client.watch({})) seen.push(status);
    })().catch((error: unknown) => error);
    await expect.poll(() => seen.at(-1)).toBe(SERVING);
    const asked = performance.now();
    expect(await stopping.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    await watching;
  });
});
