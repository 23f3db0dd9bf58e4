import { FENCE_KEY, StoreError, statusOf } from '@statemanager/state-store';
import type { StoreStatus } from '@statemanager/state-store';
import { ADVICE } from './call-failure.ts';
import type { EtcdConnection } from './etcd-connection.ts';

/** Looks at etcd: a read that a majority has to agree to, and what the server says of itself. */
export async function readStatus(connection: EtcdConnection): Promise<StoreStatus> {
  const beganAtMs = performance.now();
  const options = { repeat: 'always', awaitLeader: false } as const;
  const fence = { key: connection.keys.bytesOf(FENCE_KEY), keys_only: true };
  const [read, server] = await Promise.all([
    connection.tryCall('range', fence, options),
    connection.tryCall('status', {}, options),
  ]);
  const tookMs = performance.now() - beganAtMs;
  const said = 'response' in server ? server.response : undefined;
  const alarm = alarmOf(said?.errors ?? [], connection.name);
  return statusOf({
    name: connection.name,
    tookMs,
    failure: 'failure' in read ? read.failure.error : alarm,
    hasSpace: said !== undefined && alarm === undefined,
    writes: connection.writes,
    sizeBytes: said === undefined ? undefined : Number(said.dbSize),
  });
}

/** What the raised alarms mean, each written as `memberID:… alarm:NOSPACE`. */
function alarmOf(errors: readonly string[], name: string): StoreError | undefined {
  if (errors.some((text) => text.includes('alarm:NOSPACE'))) {
    return new StoreError('unavailable', `${name}: ${ADVICE.no_space}`, { reason: 'no_space' });
  }
  const alarm = errors.find((text) => text.includes('alarm:'));
  return alarm === undefined ? undefined : new StoreError('unavailable', `${name} has raised an alarm: ${alarm}`);
}
