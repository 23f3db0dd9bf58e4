import { setTimeout as sleep } from 'node:timers/promises';
import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { listResources, listTransitions } from '../server/lists.ts';
import { watchResources, type Watched } from '../server/watch.ts';
import { untilInterrupted, type Shell } from '../shell.ts';
import { screenLines } from '../top/screen.ts';
import { Tally } from '../top/tally.ts';
import { MAX_HISTORY_COUNT } from './history.ts';

export interface TopOptions {
  readonly once?: boolean;
  readonly count: number;
}

const DRAW_EVERY_MS = 1000;

/** `top`: live in a terminal, once elsewhere. */
export async function top(shell: Shell, options: TopOptions): Promise<number> {
  const tally = new Tally();
  const past = await listTransitions(shell.servers, {}, MAX_HISTORY_COUNT);
  for (const transition of past.toReversed()) tally.step(transition);
  if (shell.out.isTerminal && options.once !== true) return live(shell, tally, options.count);
  const { resources } = await listResources(shell.servers, {});
  tally.replace(resources);
  const settings = { paint: shell.out.paint, count: options.count, nowMs: shell.now() };
  for (const line of screenLines(tally, settings)) shell.out.line(line);
  return EXIT.ok;
}

/** Enters the terminal's other screen and leaves it again, so that what was there before stays. */
async function live(shell: Shell, tally: Tally, count: number): Promise<number> {
  const { out } = shell;
  const interrupted = untilInterrupted();
  const end = new AbortController();
  const signal = AbortSignal.any([interrupted, end.signal]);
  const note = { text: '' };
  out.raw('\u001B[?1049h\u001B[?25l');
  let drawing: Promise<void> | undefined;
  try {
    for await (const watched of watchResources(shell.servers, {}, { signal })) {
      note.text = learn(tally, watched);
      // Before the first snapshot there is nothing to show.
      drawing ??= drawUntil(signal, () => draw(shell, { tally, count, note: note.text }));
    }
  } finally {
    end.abort();
    await drawing;
    out.raw('\u001B[?25h\u001B[?1049l');
  }
  return EXIT.ok;
}

/** Takes in what the watch says. Gives what is to be said about the watch itself. */
function learn(tally: Tally, watched: Watched): string {
  switch (watched.type) {
    case 'snapshot':
      tally.replace(watched.resources);
      return '';
    case 'changes':
      for (const { type, resource, transition } of watched.events) {
        if (resource !== undefined && type === v1.EventType.PUT) tally.put(resource);
        if (transition !== undefined) tally.step(transition);
        if (resource !== undefined && type !== v1.EventType.PUT) tally.remove(resource);
      }
      return '';
    case 'resync':
      return `resync: ${watched.reason}`;
    case 'lost':
      return `connection lost: ${watched.reason}; resuming`;
  }
}

async function drawUntil(signal: AbortSignal, drawOnce: () => void): Promise<void> {
  while (!signal.aborted) {
    drawOnce();
    await sleep(DRAW_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Scene {
  readonly tally: Tally;
  readonly count: number;
  /** What is to be said about the watch itself. */
  readonly note: string;
}

/** Draws over what is there, line by line, so that nothing flickers. */
function draw({ out, servers, now }: Shell, { tally, count, note }: Scene): void {
  const { rows, columns } = out.size();
  const nowMs = now();
  const title = `statectl top   ${servers.address}   ${new Date(nowMs).toISOString().slice(11, 19)} UTC   Ctrl-C ends`;
  const body = screenLines(tally, { paint: out.paint, count, nowMs });
  const lines = [out.paint(title.slice(0, columns), 'bold'), out.paint(note.slice(0, columns), 'warn'), ...body];
  const drawn = lines.slice(0, rows).map((line) => `${line}\u001B[K`);
  out.raw(`\u001B[H\u001B[?7l${drawn.join('\n')}\u001B[J\u001B[?7h`);
}
