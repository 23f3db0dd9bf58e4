import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildQuietly, workspaceRoot } from '../process.ts';
import { StoryTeller, type Story } from './story.ts';
import { keepCrashing } from './trouble.ts';
import { Stack, freePorts, type Ports } from './stack.ts';
import { Timeline } from './timeline.ts';

export const startHelp = `npm start [-- options]

Starts the whole stack on this machine (StateManager, and stand-ins for ActionController and a fleet of three nodes),
crashes something every few seconds, and prints what follows. Ctrl-C stops all.

  --once              play the story once, on ports of its own: exit 0 only if every step was seen
  --store <store>     sqlite:<path>, etcd:<host:port> or memory: (default: sqlite:.statemanager/state.db,
                      with --once a file that is deleted afterwards)
  --every-ms <ms>     how often something crashes (default: 6000)
  --verbose           print the processes' own log lines, too

While it runs, StateManager answers on 127.0.0.1:47006, ActionController's stand-in on 127.0.0.1:47001 (its script on
47002), and the fleet takes orders on 127.0.0.1:47099:

  curl -X POST 127.0.0.1:47099/orders -d '{"action":"crash","model":"helloworld-core"}'`;

const DEFAULT_PORTS: Ports = { stateManager: 47006, actionController: 47001, control: 47002, nodeAgent: 47099 };

/** Starts the local stack. Resolves with the exit code when the story is over, or Ctrl-C was pressed. */
export async function startStack(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`npm start: ${options}; see npm start -- --help\n`);
    return 2;
  }
  process.stdout.write('Building what changed …\n');
  if (!(await buildQuietly())) return 1;
  const folder = options.once ? await mkdtemp(join(tmpdir(), 'statemanager-')) : undefined;
  const fallback =
    folder === undefined ? `sqlite:${workspaceRoot}/.statemanager/state.db` : `sqlite:${folder}/state.db`;
  try {
    return await run({ ...options, store: options.store ?? fallback });
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

interface Options {
  readonly once: boolean;
  readonly store: string | undefined;
  readonly everyMs: number;
  readonly verbose: boolean;
}

async function run(options: Options & { readonly store: string }): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const timeline = new Timeline(options.verbose);
  const ports = options.once ? await freePorts() : DEFAULT_PORTS;
  const stack = new Stack({ ports, store: options.store, pollMs: options.once ? 250 : 1000 });
  stack.onLine((source, line) => timeline.show(source, line));
  let failed = false;
  stack.onEnd((name, code) => {
    if (stopping.signal.aborted) return;
    timeline.say(`${name} ended with ${code}`);
    failed = true;
    stopping.abort();
  });
  const teller = options.once ? new StoryTeller(timeline) : undefined;
  try {
    await stack.start(stopping.signal);
    timeline.say(`StateManager on 127.0.0.1:${ports.stateManager}, store ${options.store}`);
    if (teller === undefined) {
      await keepCrashing(stack, timeline, options.everyMs, stopping.signal);
      return failed ? 1 : 0;
    }
    return report(timeline, await teller.play(stack, timeline, stopping.signal));
  } catch (error) {
    const isAskedTo = stopping.signal.aborted && !failed;
    timeline.say(isAskedTo ? 'stopped before all of it had started' : (error as Error).message);
    return 1;
  } finally {
    stopping.abort();
    await stack.stop();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function report(timeline: Timeline, story: Story): number {
  for (const step of story.seen) timeline.say(`seen: ${step}`);
  for (const step of story.missing) timeline.say(`NOT SEEN: ${step}`);
  return story.missing.length === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        store: { type: 'string' },
        'every-ms': { type: 'string', default: '6000' },
        verbose: { type: 'boolean', default: false },
      },
    });
    const everyMs = Number(values['every-ms']);
    if (!Number.isInteger(everyMs) || everyMs < 500) return '--every-ms must be an integer of at least 500';
    return { once: values.once, store: values.store, everyMs, verbose: values.verbose };
  } catch (error) {
    return (error as Error).message;
  }
}
