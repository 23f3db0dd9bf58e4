import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { actioncontroller } from '@statemanager/proto';
import { afterEach, expect, vi } from 'vitest';
import type { Call } from '../src/call.ts';
import { loadDefinitions } from '../src/definitions.ts';
import { startStubActionController } from '../src/stub-action-controller.ts';
import { startNodeAgentDouble } from './node-agent-double.ts';

/** The example definitions of this repository. */
export const EXAMPLES = `${import.meta.dirname}/../../../examples`;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The stand-in with the example definitions, a stub-node-agent's double, and a gRPC client; all end with the test. */
export async function startStand(options: { refuseFailed?: boolean; repairDelayMs?: number } = {}) {
  const nodeAgent = await startNodeAgentDouble();
  closers.push(() => nodeAgent.close());
  const { definitions, problems } = await loadDefinitions(`${EXAMPLES}/definitions`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const controller = await startStubActionController(
    definitions,
    {
      listen: { host: '127.0.0.1', port: 0 },
      control: { host: '127.0.0.1', port: 0 },
      nodeAgent: nodeAgent.url,
      repairDelayMs: options.repairDelayMs ?? 20,
      refuseFailed: options.refuseFailed ?? false,
    },
    () => undefined,
  );
  closers.push(() => controller.close());
  const baseUrl = `http://${controller.listening}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  closers.push(() => sessionManager.abort());
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  const client = createClient(actioncontroller.ActionControllerConnection, transport);
  const control = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`http://${controller.control}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const calls = async () => (await control('GET', '/calls')).body['calls'] as Call[];
  return { controller, nodeAgent, client, control, calls };
}

/** Waits until the check passes, as long as a slow machine may need. */
export function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 15_000, interval: 10 });
}

/** A text that fits the pattern, for a place in an expected object. */
export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
