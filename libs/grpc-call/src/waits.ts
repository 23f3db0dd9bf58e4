import { ExponentialBackoff } from 'cockatiel';

/** Waits in milliseconds that grow exponentially, with jitter, up to a cap. */
export function* waitsMs(initialDelayMs: number, maxDelayMs: number): Generator<number, never> {
  let backoff = new ExponentialBackoff({ initialDelay: initialDelayMs, maxDelay: maxDelayMs }).next();
  for (;;) {
    yield backoff.duration;
    backoff = backoff.next(undefined);
  }
}
