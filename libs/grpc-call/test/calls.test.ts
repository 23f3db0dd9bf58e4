import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ConnectError } from '@connectrpc/connect';
import { health } from '@statemanager/proto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { callOnce, readStream } from '../src/index.ts';
import type { CallFailure, CallTerms, Connection } from '../src/index.ts';
import { startProxy } from '../src/testing/index.ts';
import { connection, hang, startHealthServer, terms } from './health-server.ts';

const { check, watch } = health.Health.method;
const { SERVING } = health.HealthCheckResponse_ServingStatus;

const failureOf = async (to: Connection, own?: Partial<CallTerms>): Promise<CallFailure> =>
  callOnce(to, check, {}, terms(own)).then(
    () => Promise.reject(new Error('it was answered')),
    (error: CallFailure) => error,
  );

const open = (to: Connection, own?: Partial<CallTerms>) => readStream(to, watch, {}, terms(own));

test('a call is answered', async () => {
  const server = await startHealthServer();
  const { status } = await callOnce(connection(server.url), check, {}, terms());
  expect(status).toBe(SERVING);
});

test('nobody listens, or nobody speaks: unsent', async () => {
  expect(await failureOf(connection('http://127.0.0.1:1'))).toMatchObject({ fate: 'unsent' });
  const silent = await startProxy();
  onTestFinished(() => silent.stop());
  const { fate, message } = await failureOf(connection(silent.url, { connectTimeoutMs: 50 }));
  expect({ fate, message }).toEqual({ fate: 'unsent', message: 'it did not speak HTTP/2 within 50 ms' });
  expect(await failureOf(connection(silent.url), { deadlineMs: 50 })).toMatchObject({ fate: 'unsent' });
});

test('a stream that the peer refused was not begun', async () => {
  const refuse = 7;
  const server = createServer().on('stream', (stream) => stream.on('error', () => undefined).close(refuse));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await failureOf(connection(`http://127.0.0.1:${port}`))).toMatchObject({ fate: 'not_begun' });
});

test('a deadline that passes, a connection that is cut, and an answer that says no', async () => {
  const server = await startHealthServer();
  const to = connection(server.url);
  await callOnce(to, check, {}, terms());
  server.script = hang;
  expect(await failureOf(to, { deadlineMs: 100 })).toMatchObject({ fate: 'out_of_time' });
  server.script = () => {
    server.cut();
    return Promise.resolve();
  };
  expect(await failureOf(to)).toMatchObject({ fate: 'interrupted' });
  server.script = () => Promise.reject(new ConnectError('busy', Code.Unavailable, { 'x-why': 'full' }));
  const { fate, grpcCode, text, metadata } = await failureOf(to);
  expect({ fate, grpcCode, text }).toEqual({ fate: 'answered', grpcCode: 'UNAVAILABLE', text: 'busy' });
  expect(metadata.get('x-why')).toBe('full');
});

test('an aborted signal gives its own reason, and the peer learns of it', async () => {
  const server = await startHealthServer();
  let peerSignal: AbortSignal | undefined;
  server.script = (signal) => hang((peerSignal = signal));
  const abort = new AbortController();
  const called = failureOf(connection(server.url), { signal: abort.signal });
  await vi.waitFor(() => expect(server.callsCount).toBe(1));
  const reason = new Error('enough');
  abort.abort(reason);
  expect(await called).toBe(reason);
  await vi.waitFor(() => expect(peerSignal?.aborted).toBe(true));
});

test('a peer that freezes in the middle of a stream is found by a ping', async () => {
  const server = await startHealthServer();
  server.script = hang;
  const between = await startProxy(server.port);
  onTestFinished(() => between.stop());
  const messages = open(connection(between.url, { keepAliveIntervalMs: 30, keepAliveTimeoutMs: 50 }));
  expect(await messages.next()).toMatchObject({ value: { status: SERVING } });
  between.swallow();
  await expect(messages.next()).rejects.toMatchObject({ fate: 'interrupted' });
});

test('a stream ends with the answer, the signal, or its reader', async () => {
  const server = await startHealthServer();
  const to = connection(server.url);
  server.script = () => Promise.reject(new ConnectError('stopping', Code.Unavailable));
  const answered = open(to);
  await answered.next();
  await expect(answered.next()).rejects.toMatchObject({ fate: 'answered', grpcCode: 'UNAVAILABLE' });
  let peerSignal: AbortSignal | undefined;
  server.script = (signal) => hang((peerSignal = signal));
  const abort = new AbortController();
  const aborted = open(to, { signal: abort.signal });
  await aborted.next();
  const reason = new Error('enough');
  setTimeout(() => abort.abort(reason), 20);
  await expect(aborted.next()).rejects.toBe(reason);
  await vi.waitFor(() => expect(peerSignal?.aborted).toBe(true));
  const left = open(to);
  await left.next();
  await left.return();
  await vi.waitFor(() => expect(peerSignal?.aborted).toBe(true));
});

test('TLS: the peer must be who the authority says, and may ask the same of us', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'grpc-call-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const newKey = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    'key',
    '-out',
    'cert',
  ];
  try {
    execFileSync('openssl', ['req', '-x509', ...newKey, ...subject], { cwd: folder, stdio: 'pipe' });
  } catch {
    return context.skip('it needs openssl');
  }
  const [key, cert] = [readFileSync(join(folder, 'key')), readFileSync(join(folder, 'cert'))];
  const server = await startHealthServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: true });
  const { status } = await callOnce(connection(server.url, { tls: { ca: cert, cert, key } }), check, {}, terms());
  expect(status).toBe(SERVING);
  expect(await failureOf(connection(server.url))).toMatchObject({ fate: 'unsent' });
  expect(await failureOf(connection(server.url, { tls: { ca: cert } }))).toMatchObject({ fate: 'unsent' });
});
