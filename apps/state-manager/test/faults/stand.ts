import { connectPeer, container, type Peer, type WireContainer } from '../kit/peer.ts';
import { startController, type Behaviour, type ScriptedController } from '../kit/controller.ts';
import { startStateManager, type StateManagerProcess } from '../kit/state-manager.ts';

/** Registers what is to be done when the test is over: a test context's `onTestFinished`. */
export type Afterwards = (undo: () => Promise<void> | void) => void;

/** A running service and a peer of it. */
export interface Stand {
  readonly service: StateManagerProcess;
  readonly peer: Peer;
  /** kill -9. */
  readonly kill: () => Promise<void>;
}

/** A grace, or a wait, that does not end within a test. */
export const NEVER_MS = '86400000';

/** Where no ActionController ever listens. */
export const NOBODY = 'http://127.0.0.1:1';

/** Starts the service on a store and waits until it has loaded its view. */
export async function startStand(
  afterwards: Afterwards,
  storeUrl: string,
  flags: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  const stand = await startListening(afterwards, storeUrl, flags);
  await stand.service.waitForLog((line) => line.msg === 'leading: view loaded');
  return stand;
}

/**
 * Starts the service on a store, and waits only until it listens. It has always the same id, as a service has that is
 * started again in its place.
 */
export async function startListening(
  afterwards: Afterwards,
  storeUrl: string,
  flags: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  const all = {
    store: storeUrl,
    id: 'under-test',
    'missing-grace-ms': NEVER_MS,
    'action-controller': NOBODY,
    ...flags,
  };
  const service = await startStateManager(Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]));
  const peer = connectPeer(service.address);
  const kill = async (): Promise<void> => {
    peer.close();
    await service.kill();
  };
  afterwards(kill);
  return { service, peer, kill };
}

/** Starts a scripted ActionController that goes with the test. */
export async function startControllerFor(
  afterwards: Afterwards,
  behaviour?: Behaviour,
  port?: number,
): Promise<ScriptedController> {
  const controller = await startController(port, behaviour);
  afterwards(() => controller.stop());
  return controller;
}

/** One container of each model, all running. */
export function running(...models: readonly string[]): readonly WireContainer[] {
  return models.map((model) => container(model, `${model}-1`, 'running'));
}

/** One container of each model, all crashed. */
export function crashed(...models: readonly string[]): readonly WireContainer[] {
  return models.map((model) => container(model, `${model}-1`, 'exited', { exitCode: 137 }));
}
