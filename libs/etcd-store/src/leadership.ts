import { setTimeout as sleep } from 'node:timers/promises';
import { LEADER_KEY, StoreError } from '@statemanager/state-store';
import type { Leadership } from '@statemanager/state-store';
import type { EtcdConnection } from './etcd-connection.ts';
import { readSnapshot } from './snapshot.ts';
import { watchPrefix } from './watch.ts';

/** Why the leadership is lost when the key is not ours any more. */
const CHANGED = `${LEADER_KEY} was changed or deleted: by hand, or by another process that has the same id`;

/** How soon a renewal that failed is tried again. */
const RENEWAL_RETRY_MS = 200;

/** A lease as it was granted or renewed. */
export interface Lease {
  readonly id: string;
  readonly ttlMs: number;
  /** When the grant was sent, by the monotonic clock: etcd cannot have begun to count before. */
  readonly sentAtMs: number;
}

/**
 * A won leadership. It is current while the lease is known to live and the leader key is known to be ours; both are
 * followed in the background until it ends.
 */
export class EtcdLeadership implements Leadership {
  readonly fence: string;
  readonly #connection: EtcdConnection;
  readonly #lease: Lease;
  /** Of the transaction that took the leader key. */
  readonly #revision: number;
  readonly #lost = new AbortController();
  #validUntilMs: number;
  #expiry: NodeJS.Timeout | undefined;

  constructor(connection: EtcdConnection, lease: Lease, fence: string, revision: number) {
    this.#connection = connection;
    this.#lease = lease;
    this.fence = fence;
    this.#revision = revision;
    this.#validUntilMs = lease.sentAtMs + lease.ttlMs;
    this.#armExpiry();
    void this.#renew();
    void this.#followKey();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isCurrent(): boolean {
    return !this.lost.aborted && performance.now() < this.#validUntilMs;
  }

  async resign(): Promise<void> {
    if (this.lost.aborted) return;
    this.#lose('it resigned');
    // The leader key goes with its lease. If etcd cannot be reached, both go when the lease runs out.
    await this.#connection.tryCall('leaseRevoke', { ID: this.#lease.id }).catch(() => undefined);
  }

  #lose(why: string): void {
    if (this.lost.aborted) return;
    clearTimeout(this.#expiry);
    this.#lost.abort(new StoreError('deposed', `no longer the leader: ${why}`));
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    const why = 'its lease was not renewed in time';
    this.#expiry = setTimeout(() => this.#lose(why), Math.max(0, this.#validUntilMs - performance.now()));
  }

  /** Renews the lease three times within its time to live, more often after a failure. */
  async #renew(): Promise<void> {
    const { ttlMs, id } = this.#lease;
    let waitMs = ttlMs / 3;
    while (await pause(waitMs, this.lost)) {
      const sentAtMs = performance.now();
      try {
        const renewedTtlMs = await this.#renewOnce(id);
        if (renewedTtlMs === 0) return this.#lose('its lease ran out');
        this.#validUntilMs = Math.max(this.#validUntilMs, sentAtMs + renewedTtlMs);
        if (!this.lost.aborted) this.#armExpiry();
        waitMs = ttlMs / 3;
      } catch {
        // Whatever it was, the expiry ends the leadership if it lasts.
        waitMs = RENEWAL_RETRY_MS;
      }
    }
  }

  /** Each renewal has its own short stream, so that it can go to another server than the one before. */
  async #renewOnce(id: string): Promise<number> {
    const { stream, address } = await this.#connection.stream('leaseKeepAlive', this.#lease.ttlMs / 3);
    const cancel = () => stream.cancel();
    this.lost.addEventListener('abort', cancel, { once: true });
    if (this.lost.aborted) cancel();
    try {
      stream.write({ ID: id });
      for await (const response of stream) return Number(response.TTL) * 1000;
      throw new StoreError('unavailable', `etcd at ${address} ended a renewal`);
    } catch (error) {
      throw this.#connection.streamFailure(error, address);
    } finally {
      this.lost.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  /** Ends the leadership when anybody touches the leader key. */
  async #followKey(): Promise<void> {
    let afterRevision = this.#revision;
    while (!this.lost.aborted) {
      try {
        for await (const batch of watchPrefix(this.#connection, LEADER_KEY, afterRevision, this.lost)) {
          if (batch.events.some(({ key }) => key === LEADER_KEY)) this.#lose(CHANGED);
        }
      } catch {
        // Compacted, most likely: what happened in between can be read from the key itself.
        if (await pause(RENEWAL_RETRY_MS, this.lost)) afterRevision = await this.#checkKey(afterRevision);
      }
    }
  }

  async #checkKey(afterRevision: number): Promise<number> {
    try {
      const { revision, entries } = await readSnapshot(this.#connection, LEADER_KEY);
      const ours = entries.some((entry) => entry.key === LEADER_KEY && entry.revision === this.#revision);
      if (!ours) this.#lose(CHANGED);
      return revision;
    } catch {
      return afterRevision;
    }
  }
}

/** Waits, and says whether to go on: not if the signal aborts. */
async function pause(waitMs: number, signal: AbortSignal): Promise<boolean> {
  await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
