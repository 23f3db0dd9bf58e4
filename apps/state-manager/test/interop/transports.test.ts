import { createClient, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { statemanager } from '@statemanager/proto';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startController, type ScriptedController } from '../kit/controller.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

const GZIP = { sendCompression: compressionGzip, compressMinBytes: 0 };

/** Every protocol on every version of HTTP that carries it, with and without compression. */
const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  'gRPC over HTTP/2': (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC over HTTP/2 with gzip': (baseUrl) => createGrpcTransport({ baseUrl, ...GZIP }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' }),
  'gRPC-Web over HTTP/1.1 with gzip': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1', ...GZIP }),
  'Connect over HTTP/1.1': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' }),
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }),
  'Connect in binary over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true, ...GZIP }),
  'Connect in binary over HTTP/2': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true }),
};

const OFFLOAD = {
  scenarioName: 's',
  packageName: 'p',
  modelName: 'm',
  sourceNode: 'n1',
  targetNode: 'n2',
  policyName: 'heat',
  reason: 'zu heiß',
};

let controller: ScriptedController;
let service: StateManagerProcess;

beforeAll(async () => {
  controller = await startController();
  service = await startStateManager(['--store', 'memory:', '--action-controller', controller.url]);
});
afterAll(async () => {
  await service.kill();
  controller.stop();
});

describe.each(Object.entries(TRANSPORTS))('%s', (name, connectTo) => {
  const id = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

  it('carries all four methods', async () => {
    const client = createClient(statemanager.StateManagerConnection, connectTo(`http://${service.address}`));
    const change = (targetState: string): Promise<statemanager.StateChangeResponse> =>
      client.sendStateChange({
        resourceType: statemanager.ResourceType.SCENARIO,
        resourceName: id,
        targetState,
        transitionId: `${id}-${targetState}`,
        timestampNs: 1n,
        source: 'test',
      });
    expect(await change('idle')).toMatchObject({ errorCode: 0, errorDetails: '', transitionId: `${id}-idle` });
    expect(await change('denied')).toMatchObject({ errorCode: statemanager.ErrorCode.INVALID_STATE_TRANSITION });

    const containers = Array.from({ length: 20 }, (_, i) => ({
      names: [`${id}-${i}`],
      state: { Status: 'running' },
      annotation: { model: id },
    }));
    expect((await client.sendChangedContainerList({ nodeName: id, containers })).resp).toContain('1 transition');

    expect(await client.triggerOffloading({ ...OFFLOAD, modelName: id })).toMatchObject({ accepted: true });
    expect(controller.calls.at(-1)?.request).toMatchObject({ model_name: id, reason: 'zu heiß', target_node: 'n2' });

    await expect(client.sendAction({ action: 'x' })).rejects.toMatchObject({ code: 12 });
    await expect(client.sendChangedContainerList({ nodeName: '' })).rejects.toMatchObject({
      code: 3,
      rawMessage: expect.stringContaining('node_name') as string,
    });
  });
});

describe('JSON over plain HTTP, as curl sends it', () => {
  const url = (method: string): string => `http://${service.address}/statemanager.StateManagerConnection/${method}`;
  const post = async (method: string, body: object): Promise<{ status: number; body: unknown }> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url(method), { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const CHANGE = {
    resource_type: 'RESOURCE_TYPE_SCENARIO',
    resource_name: 'curled',
    target_state: 'waiting',
    transition_id: 'curl-1',
    timestamp_ns: '1',
    source: 'curl',
  };

  it('takes the names of the .proto files and their camel case', async () => {
    expect(await post('SendStateChange', CHANGE)).toMatchObject({
      status: 200,
      body: { message: 'scenario curled is Waiting', transitionId: 'curl-1' },
    });
    const answer = await post('SendStateChange', {
      resourceType: 2,
      resourceName: 'curled',
      targetState: 'Paused',
      transitionId: 'curl-2',
      timestampNs: 1,
      source: 'curl',
    });
    expect(answer).toMatchObject({ status: 200, body: { message: 'package curled is Paused' } });
    const containers = [{ names: ['c'], state: { Status: 'running' }, annotation: { model: 'curled' } }];
    expect(await post('SendChangedContainerList', { node_name: 'curl', containers })).toMatchObject({ status: 200 });
    const offload = { scenario_name: 's', package_name: 'p', model_name: 'm', source_node: 'a', target_node: 'b' };
    expect(await post('TriggerOffloading', offload)).toMatchObject({ status: 200, body: { accepted: true } });
  });

  it('says what is wrong in JSON too', async () => {
    expect(await post('SendAction', {})).toMatchObject({ status: 501, body: { code: 'unimplemented' } });
    expect(await post('SendChangedContainerList', { node_name: '-' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument', message: expect.stringContaining('node_name') as string },
    });
  });

  it('answers on HTTP/2 with prior knowledge as well', async () => {
    const session = connect(`http://${service.address}`);
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/statemanager.StateManagerConnection/SendStateChange',
        'content-type': 'application/json',
      });
      stream.end(JSON.stringify(CHANGE));
      let body = '';
      for await (const chunk of stream) body += String(chunk);
      expect(JSON.parse(body)).toMatchObject({ transitionId: 'curl-1' });
    } finally {
      session.close();
    }
  });
});
