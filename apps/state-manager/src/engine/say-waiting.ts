import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyValueStore, StoreStatus } from '@statemanager/state-store';
import type { Logger } from '../log.ts';

/** So long is waiting nothing to speak of, and so often is it looked at afterwards. */
const LOOK_EVERY_MS = 2000;

/**
 * Waits for the leadership, and says in the log what it waits for: once, and again when that becomes something else. The
 * store itself tries quietly for as long as it takes.
 */
export async function sayWaiting<T>(
  leading: Promise<T>,
  store: KeyValueStore,
  log: Logger,
  lookEveryMs = LOOK_EVERY_MS,
): Promise<T> {
  const over = new AbortController();
  void sayUntil(over.signal, store, log, lookEveryMs);
  try {
    return await leading;
  } finally {
    over.abort();
  }
}

async function sayUntil(over: AbortSignal, store: KeyValueStore, log: Logger, lookEveryMs: number): Promise<void> {
  let said: string | undefined;
  for (;;) {
    await sleep(lookEveryMs, undefined, { signal: over, ref: false }).catch(() => undefined);
    if (over.aborted) return;
    const status = await store.status().catch(() => undefined);
    if (over.aborted || status === undefined) continue;
    const what = `${status.state} ${status.reason}`;
    if (what !== said) say(status, store.name, log);
    said = what;
  }
}

function say(status: StoreStatus, name: string, log: Logger): void {
  if (status.state === 'ok' || status.state === 'slow')
    log.info({ store: name }, 'waiting to lead: another process leads');
  else log.warn({ store: name, status }, 'waiting to lead: the store does not serve');
}
