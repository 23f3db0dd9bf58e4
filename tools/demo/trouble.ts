import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from './stack.ts';
import type { Timeline } from './timeline.ts';

interface Trouble {
  readonly what: string;
  readonly detail: string;
  readonly orders: readonly Readonly<Record<string, unknown>>[];
}

const crash = (model: string, exitCode: number, oom = false): Readonly<Record<string, unknown>> => ({
  action: 'crash',
  model,
  exitCode,
  oom,
});

/** What goes wrong, one after the other: packages die model by model, and some things mend by themselves. */
const TROUBLES: readonly Trouble[] = [
  { what: 'helloworld-core', detail: 'crashes', orders: [crash('helloworld-core', 137)] },
  { what: 'helloworld-display', detail: 'is killed: out of memory', orders: [crash('helloworld-display', 137, true)] },
  {
    what: 'navigation',
    detail: 'crashes, and is restarted by hand after 3 s',
    orders: [crash('navigation', 139), { action: 'restart', model: 'navigation', afterMs: 3000 }],
  },
  {
    what: 'cabin-comfort',
    detail: 'all of its models crash',
    orders: [crash('cabin-climate', 1), crash('seat-heating', 1), crash('air-quality', 1)],
  },
  {
    what: 'seat-heating',
    detail: 'is paused for 4 s',
    orders: [
      { action: 'pause', model: 'seat-heating' },
      { action: 'unpause', model: 'seat-heating', afterMs: 4000 },
    ],
  },
  {
    what: 'lane-assist',
    detail: 'all of its models crash',
    orders: [crash('front-camera', 1), crash('lane-keeper', 1), crash('vehicle-speed', 1)],
  },
];

/** Makes trouble until the signal aborts. */
export async function keepCrashing(
  stack: Stack,
  timeline: Timeline,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; !signal.aborted; i += 1) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const { what, detail, orders } = TROUBLES[i % TROUBLES.length] as Trouble;
    timeline.ordered(what, detail);
    for (const order of orders) {
      await stack.order(order).catch((error: unknown) => timeline.say((error as Error).message));
    }
  }
}
