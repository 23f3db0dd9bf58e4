import { runProgram, startProxy } from '@statemanager/grpc-call/testing';
import type { Ended, Proxy } from '@statemanager/grpc-call/testing';
import { onTestFinished, vi } from 'vitest';
import { createStateManagerClient } from '../src/index.ts';
import type { StateManagerClient, StateManagerClientError, StateManagerClientOptions } from '../src/index.ts';
import { startServer } from './server.ts';
import type { Script, Server } from './server.ts';

/** A client that the test's end closes, with the fast waits of tests. The first address is asked first. */
export function client(
  servers: readonly { readonly address: string }[],
  options: Partial<StateManagerClientOptions> = {},
): StateManagerClient {
  const addresses = servers.map(({ address }) => address);
  const draw = vi.spyOn(Math, 'random').mockReturnValueOnce(0);
  const retry = { initialDelayMs: 1, maxDelayMs: 20 };
  const created = createStateManagerClient({ addresses, retry, ...options });
  draw.mockRestore();
  onTestFinished(() => created.close());
  return created;
}

/** A server that the test's end stops. */
export async function server(script?: Script, port?: number): Promise<Server> {
  const started = await startServer(script, port);
  onTestFinished(() => started.stop());
  return started;
}

/** A proxy that the test's end stops. */
export async function proxy(targetPort?: number): Promise<Proxy & { readonly address: string }> {
  const started = await startProxy(targetPort);
  onTestFinished(() => started.stop());
  return { ...started, address: new URL(started.url).host };
}

/** An address where nobody listens. */
export async function nobody(): Promise<{ readonly address: string; readonly port: number }> {
  const gone = await startServer();
  await gone.stop();
  return { address: gone.address, port: gone.port };
}

/** Runs a module as a user of this package would. */
export function program(source: string): Promise<Ended> {
  return runProgram(source, new URL('..', import.meta.url));
}

/** A usual change. */
export const change = { kind: 'scenario', name: 's', targetState: 'idle', source: 'test' } as const;

/** A usual offload. */
export const offload = {
  scenarioName: 's',
  packageName: 'p',
  modelName: 'm',
  sourceNode: 'a',
  targetNode: 'b',
  policyName: 'y',
  reason: 'hot',
};

/** A report whose answer is the given text. */
export const report = (node: string, text: string) => ({ node, containers: [{ id: text }] });

/** The error that a call ends with; fails if it ends well. */
export async function failure(call: Promise<unknown>): Promise<StateManagerClientError> {
  return await call.then(
    () => Promise.reject(new Error('the call was expected to fail')),
    (error: StateManagerClientError) => error,
  );
}

/** Waits until the check passes, and resolves with what it returns; a busy machine may take its time. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 10 });
}
