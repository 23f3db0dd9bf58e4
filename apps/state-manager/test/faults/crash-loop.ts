import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { packageYaml } from './documents.ts';
import { crashed, running, startControllerFor, startStand, type Afterwards } from './stand.ts';
import { sqliteUnderTest } from './stores.ts';

/** How a package fails, and what may be asked meanwhile. */
export interface CrashLoop {
  readonly forMs: number;
  /** How long each repair lasts. */
  readonly diesAfterMs: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** Clocks and sockets may differ by so much; the backoff itself is never shortened. */
const TOLERANCE_MS = 25;

/** A package that every Reconcile repairs, and that dies again each time, is asked for no faster than the backoff. */
export async function crashInALoop(afterwards: Afterwards, loop: CrashLoop): Promise<void> {
  const { forMs, diesAfterMs, initialBackoffMs, maxBackoffMs } = loop;
  const store = sqliteUnderTest();
  afterwards(() => store.dispose());
  await store.put('Package/weak', packageYaml('weak', ['weak-a', 'weak-b']));
  await store.put('Package/other', packageYaml('other', ['other-a']));
  const controller = await startControllerFor(afterwards);
  const { peer } = await startStand(afterwards, store.url, {
    'action-controller': controller.url,
    'reconcile-initial-backoff-ms': String(initialBackoffMs),
    'reconcile-max-backoff-ms': String(maxBackoffMs),
  });
  const calls = (): readonly number[] => controller.calls.filter(isFor('weak')).map(({ at }) => at);

  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const before = calls().length;
    await peer.report('n1', crashed('weak-a', 'weak-b'));
    await eventually(() => expect(calls().length).toBeGreaterThan(before), maxBackoffMs * 1.2 + 10_000);
    await peer.report('n1', running('weak-a', 'weak-b'));
    await sleep(diesAfterMs);
  }

  const asked = calls();
  const gaps = asked.slice(1).map((at, i) => at - (asked[i] as number));
  console.log(`crash loop: ${asked.length} calls, after ${gaps.map((ms) => Math.round(ms)).join(', ')} ms`);
  for (const [i, gap] of gaps.entries()) {
    expect(gap, `before call ${i + 2}`).toBeGreaterThan(allowedGapMs(i + 1, loop) - TOLERANCE_MS);
  }
  expect(asked.filter((at) => at <= until).length).toBeLessThanOrEqual(mostCalls(loop));
  // A package that fails all the time costs nobody else anything.
  await peer.report('n2', crashed('other-a'));
  await eventually(() => expect(controller.calls.filter(isFor('other'))).toHaveLength(1), 5000);
}

const isFor = (scenario: string) => (call: { readonly request: Readonly<Record<string, unknown>> }) =>
  call.request.scenario_name === scenario;

/** The least time between a call and the next: doubling, up to the cap. */
function allowedGapMs(callsBefore: number, { initialBackoffMs, maxBackoffMs }: CrashLoop): number {
  return Math.min(maxBackoffMs, initialBackoffMs * 2 ** (callsBefore - 1));
}

/** How many calls fit into the loop's time at all. */
function mostCalls(loop: CrashLoop): number {
  let calls = 1;
  for (let at = allowedGapMs(1, loop); at <= loop.forMs; at += allowedGapMs(calls, loop)) calls += 1;
  return calls;
}
