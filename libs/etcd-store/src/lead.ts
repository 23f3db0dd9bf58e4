import { randomUUID } from 'node:crypto';
import { FENCE_KEY, LEADER_KEY, StoreError } from '@statemanager/state-store';
import type { Candidate, Entry } from '@statemanager/state-store';
import { createBackoff } from './backoff.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { EtcdLeadership } from './leadership.ts';
import type { Lease } from './leadership.ts';
import { toRevision } from './revision.ts';
import { readSnapshot } from './snapshot.ts';
import { watchPrefix } from './watch.ts';

/** Tries until it leads, quietly while etcd is away, or throws the signal's reason when it aborts. */
export async function lead(
  connection: EtcdConnection,
  candidate: Candidate,
  leaseTtlSeconds: number,
  signal: AbortSignal,
): Promise<EtcdLeadership> {
  const backoff = createBackoff();
  for (;;) {
    signal.throwIfAborted();
    try {
      const { revision, holder } = await readLeader(connection);
      if (holder === undefined || idOf(holder) === candidate.id) {
        const leadership = await campaign(connection, candidate, leaseTtlSeconds, holder?.revision ?? 0);
        if (leadership !== undefined) return leadership;
      } else {
        await change(connection, revision, signal);
      }
      backoff.reset();
    } catch (error) {
      if (!StoreError.is(error, 'unavailable') && !StoreError.is(error, 'compacted')) throw error;
      await backoff.wait(signal);
    }
  }
}

async function readLeader(connection: EtcdConnection): Promise<{ revision: number; holder: Entry | undefined }> {
  const { revision, entries } = await readSnapshot(connection, LEADER_KEY);
  return { revision, holder: entries.find(({ key }) => key === LEADER_KEY) };
}

function idOf(holder: Entry): unknown {
  try {
    return (JSON.parse(holder.value) as { id?: unknown } | null)?.id;
  } catch (cause) {
    throw new StoreError('corrupt', `${LEADER_KEY} does not hold a leader: ${holder.value}`, { cause });
  }
}

/** Takes the leader key if it is still as it was read; undefined if somebody was faster. */
async function campaign(
  connection: EtcdConnection,
  candidate: Candidate,
  leaseTtlSeconds: number,
  holderRevision: number,
): Promise<EtcdLeadership | undefined> {
  const lease = await grant(connection, leaseTtlSeconds);
  const fence = randomUUID();
  const { id, address } = candidate;
  const outcome = await connection.tryCall('txn', {
    compare: [
      { key: connection.keys.bytesOf(LEADER_KEY), result: 'Equal', target: 'Mod', mod_revision: holderRevision },
    ],
    success: [
      {
        request_put: {
          key: connection.keys.bytesOf(LEADER_KEY),
          value: Buffer.from(JSON.stringify({ id, address })),
          lease: lease.id,
        },
      },
      { request_put: { key: connection.keys.bytesOf(FENCE_KEY), value: Buffer.from(fence) } },
    ],
  });
  if ('response' in outcome && outcome.response.succeeded) {
    return new EtcdLeadership(connection, lease, fence, toRevision(outcome.response.header.revision));
  }
  // If the outcome is unknown, the next round finds out: our own id in the leader key can be taken over, and what it
  // puts then hangs on another lease, so this one can go at any time.
  void connection.tryCall('leaseRevoke', { ID: lease.id }).catch(() => undefined);
  if ('failure' in outcome) throw outcome.failure.error;
  return undefined;
}

async function grant(connection: EtcdConnection, ttlSeconds: number): Promise<Lease> {
  const sentAtMs = performance.now();
  const granted = await connection.call('leaseGrant', { TTL: ttlSeconds });
  return { id: granted.ID, ttlMs: Number(granted.TTL) * 1000, sentAtMs };
}

/** Resolves when the leader key changes after `revision`. */
async function change(connection: EtcdConnection, revision: number, signal: AbortSignal): Promise<void> {
  for await (const batch of watchPrefix(connection, LEADER_KEY, revision, signal)) {
    if (batch.events.some(({ key }) => key === LEADER_KEY)) return;
  }
}
