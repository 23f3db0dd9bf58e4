import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdSettings } from './etcd-settings.ts';

const READY_WITHIN_MS = 15_000;

/** Waits for etcd to serve, which takes a majority; `alive` says true, or why it is not. */
export async function waitUntilHealthy(
  settings: Pick<EtcdSettings, 'port' | 'tls'>,
  alive: () => true | string,
): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const state = alive();
    if (state !== true) throw new Error(`etcd ended at once: ${state}`);
    if ((await readHealth(settings).catch(() => '')).includes('"health":"true"')) return;
    await sleep(20);
  }
  throw new Error(`etcd did not serve on port ${settings.port} within ${READY_WITHIN_MS} ms`);
}

function readHealth({ port, tls }: Pick<EtcdSettings, 'port' | 'tls'>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/health', timeout: 2000, agent: false };
    const request = tls === undefined ? requestHttp(options) : requestHttps({ ...options, ...tls.client });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.end();
  });
}
