import { setTimeout as wait } from 'node:timers/promises';

/** Settles as the promise does, or rejects with the signal's reason if that comes first. */
export function whileNotAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    // Also when aborted: a later rejection must not stay unhandled.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits; rejects with the signal's reason, and leaves no timer, if that comes first. */
export async function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(durationMs, undefined, { signal });
  } catch {
    throw reasonOf(signal);
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
