import type { LogLine, Stack } from './stack.ts';
import type { Timeline } from './timeline.ts';

/** Which steps of the story were seen, in their order. */
export interface Story {
  readonly seen: readonly string[];
  readonly missing: readonly string[];
}

interface Step {
  readonly name: string;
  /** What is done to the fleet once the step before was seen. */
  readonly order?: { readonly what: string; readonly order: Readonly<Record<string, unknown>> };
  readonly matches: (line: LogLine) => boolean;
  /** After so long it counts as seen all the same. */
  readonly orAfterMs?: number;
}

const PACKAGE = 'helloworld';
const [FIRST, SECOND] = ['helloworld-core', 'helloworld-display'] as const;

/** A step must be seen this long after the one before. */
const STEP_WITHIN_MS = 30_000;

const became =
  (kind: string, name: string, from: string | undefined, to: string) =>
  (line: LogLine): boolean =>
    line.msg === 'transition' &&
    line.kind === kind &&
    line.name === name &&
    line.to === to &&
    (from === undefined || line.from === from);

const isRunning = became('package', PACKAGE, undefined, 'Running');

const STEPS: readonly Step[] = [
  // On a store that was used before, the fleet's first reports may say nothing new; the steps below tell in any case.
  { name: `package ${PACKAGE} is Running`, matches: isRunning, orAfterMs: 3000 },
  {
    name: `model ${FIRST} is Dead after its container crashed`,
    order: { what: FIRST, order: { action: 'crash', model: FIRST, exitCode: 137 } },
    matches: became('model', FIRST, 'Running', 'Dead'),
  },
  { name: `package ${PACKAGE} is Degraded`, matches: became('package', PACKAGE, 'Running', 'Degraded') },
  {
    name: `model ${SECOND} is Dead after its container crashed`,
    order: { what: SECOND, order: { action: 'crash', model: SECOND, exitCode: 139 } },
    matches: became('model', SECOND, 'Running', 'Dead'),
  },
  { name: `package ${PACKAGE} is in Error`, matches: became('package', PACKAGE, 'Degraded', 'Error') },
  {
    name: 'ActionController was asked to reconcile it',
    matches: (line) => line.msg === 'reconcile asked' && line.package === PACKAGE,
  },
  {
    name: 'ActionController accepted',
    matches: (line) => line.msg === 'reconcile answered' && line.package === PACKAGE && line.outcome === 'accepted',
  },
  { name: `package ${PACKAGE} is Running again`, matches: isRunning },
];

/** The story: a package crashes model by model, and comes back. It listens from its construction on. */
export class StoryTeller {
  readonly #lines: LogLine[] = [];
  #wake: () => void = () => undefined;

  constructor(timeline: Timeline) {
    timeline.onLine((line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  /** Plays it on a stack that runs. */
  async play(stack: Stack, timeline: Timeline, signal: AbortSignal): Promise<Story> {
    const seen: string[] = [];
    for (const step of STEPS) {
      if (step.order !== undefined) {
        this.#lines.length = 0;
        timeline.ordered(step.order.what, 'crashes');
        await stack.order(step.order.order);
      }
      if (!(await this.#find(step, signal))) break;
      seen.push(step.name);
    }
    return { seen, missing: STEPS.map(({ name }) => name).slice(seen.length) };
  }

  /** Takes lines until one matches. Resolves with false when time is up. */
  async #find({ matches, orAfterMs }: Step, signal: AbortSignal): Promise<boolean> {
    const until = performance.now() + (orAfterMs ?? STEP_WITHIN_MS);
    while (!signal.aborted) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        if (matches(line)) return true;
      }
      const leftMs = until - performance.now();
      if (leftMs <= 0) return orAfterMs !== undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 200));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return false;
  }
}
