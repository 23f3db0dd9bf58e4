import { runProgram, startProxy } from '@statemanager/grpc-call/testing';
import type { Ended, Proxy } from '@statemanager/grpc-call/testing';
import { onTestFinished, vi } from 'vitest';
import { createActionClient } from '../src/index.ts';
import type { ActionClient, ActionClientError, ActionClientOptions } from '../src/index.ts';
import { startController } from './controller.ts';
import type { Controller, Script } from './controller.ts';

/** A client that the test's end closes. Without retries and breaker, unless the test asks for them. */
export function client(baseUrl: string, options: Partial<ActionClientOptions> = {}): ActionClient {
  const created = createActionClient({ baseUrl, retry: false, breaker: false, ...options });
  onTestFinished(() => created.close());
  return created;
}

/** A controller that the test's end stops. */
export async function controller(script?: Script, port?: number): Promise<Controller> {
  const started = await startController(script, port);
  onTestFinished(() => started.stop());
  return started;
}

/** A proxy that the test's end stops. */
export async function proxy(targetPort?: number): Promise<Proxy> {
  const started = await startProxy(targetPort);
  onTestFinished(() => started.stop());
  return started;
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const started = await startController();
  await started.stop();
  return started.port;
}

/** Runs a module as a user of this package would. */
export function program(source: string): Promise<Ended> {
  return runProgram(source, new URL('..', import.meta.url));
}

/** A usual request. */
export const repair = { scenarioName: 'helloworld', current: 'FAILED', desired: 'RUNNING' } as const;

/** The fast retries of tests. */
export const quick = { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 5 };

/** The error that a call ends with; fails if it ends well. */
export async function failure(call: Promise<unknown>): Promise<ActionClientError> {
  return await call.then(
    () => {
      throw new Error('the call was expected to fail');
    },
    (error: ActionClientError) => error,
  );
}

/** Waits until the check passes, and resolves with what it returns; a busy machine may take its time. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 10 });
}
