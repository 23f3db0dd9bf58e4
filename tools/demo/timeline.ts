import { styleText } from 'node:util';
import type { LogLine } from './stack.ts';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = {
  Running: 'green',
  Completed: 'green',
  Dead: 'red',
  Error: 'red',
  Degraded: 'yellow',
  Paused: 'cyan',
  Exited: 'cyan',
};

/** What happens, one readable line each, with the time since the timeline began. */
export class Timeline {
  readonly #began = performance.now();
  readonly #verbose: boolean;
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  /** Calls back with every line of StateManager's log. */
  onLine(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Prints a sentence of our own. */
  say(text: string): void {
    this.#print(text);
  }

  /** Prints what was done to the fleet. */
  ordered(what: string, detail: string): void {
    this.#print(`${pad('container')}${what.padEnd(22)}${paint(detail, 'magenta')}`);
  }

  /** Prints a log line, if a person wants to see it. */
  show(source: string, line: LogLine): void {
    const text = source === 'state-manager' ? describe(line) : undefined;
    if (text !== undefined) this.#print(text);
    else if (this.#verbose) this.#print(paint(`${source} ${JSON.stringify(line)}`, 'gray'));
    if (source === 'state-manager') for (const listener of this.#listeners) listener(line);
  }

  #print(text: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(2).padStart(8);
    process.stdout.write(`${paint(`${seconds}s`, 'gray')}  ${text}\n`);
  }
}

function describe(line: LogLine): string | undefined {
  const text = (name: string): string => (typeof line[name] === 'string' ? line[name] : '');
  switch (line.msg) {
    case 'transition': {
      const to = text('to') || 'removed';
      const change = `${text('from') || 'new'} → ${paint(to, STYLES[to] ?? 'white')}`;
      return `${pad(text('kind'))}${text('name').padEnd(22)}${change}  ${paint(`${text('rule')}: ${text('cause')}`, 'gray')}`;
    }
    case 'reconcile asked':
      return `${pad('reconcile')}${text('package').padEnd(22)}${paint('asked', 'magenta')}  ${paint(`scenario ${text('scenario')}, attempt ${String(line.attempt)}`, 'gray')}`;
    case 'reconcile answered':
      return `${pad('reconcile')}${text('package').padEnd(22)}${paint(text('outcome'), 'magenta')}  ${paint(text('detail'), 'gray')}`;
    case 'reconcile waits':
      return `${pad('reconcile')}${text('package').padEnd(22)}waits  ${paint(text('why'), 'gray')}`;
    default:
      return line.level === 'warn' || line.level === 'error' || line.level === 'fatal'
        ? `${pad(text('level'))}${line.msg ?? ''} ${paint(JSON.stringify(line), 'gray')}`
        : undefined;
  }
}

function pad(kind: string): string {
  return kind.padEnd(11);
}

/** Colours only on a terminal: styleText looks at the stream and at NO_COLOR. */
function paint(text: string, style: Style): string {
  return styleText(style, text, { stream: process.stdout });
}
