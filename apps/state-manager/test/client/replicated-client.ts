import {
  createStateManagerClient,
  type StateManagerClient,
  type StateManagerClientOptions,
} from '@statemanager/client';
import type { Replica } from '../kit/fleet-of-replicas.ts';

/** A client of these replicas that asks the first one first, and notices sooner than by default that one is frozen. */
export function clientOf(
  replicas: readonly Replica[],
  options: Partial<StateManagerClientOptions> = {},
): StateManagerClient {
  const addresses = replicas.map(({ service }) => service.address);
  const random = Math.random;
  Math.random = () => 0;
  try {
    const times = { connectTimeoutMs: 500, keepAliveIntervalMs: 300, keepAliveTimeoutMs: 500 };
    return createStateManagerClient({ addresses, ...times, ...options });
  } finally {
    Math.random = random;
  }
}

/** The states that a resource went through, oldest first, and the ids of what led there. */
export async function historyOf(
  client: StateManagerClient,
  kind: string,
  name: string,
): Promise<{ readonly states: readonly string[]; readonly ids: readonly string[] }> {
  const { transitions } = await client.states.listTransitions({ kind, name, limit: 64 });
  const oldestFirst = transitions.toReversed();
  return { states: oldestFirst.map(({ to }) => to), ids: oldestFirst.map(({ transitionId }) => transitionId) };
}
