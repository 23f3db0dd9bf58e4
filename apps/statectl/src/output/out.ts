import { EXIT } from '../failure.ts';
import { painter, wantsColour, type Paint } from './colour.ts';

/** Where a command's words go. */
export interface Out {
  /** What was asked for; a line break follows. */
  line(text: string): void;
  /** The same, as it is. */
  raw(text: string): void;
  /** What is said beside it, on standard error. */
  note(text: string): void;
  readonly paint: Paint;
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** The terminal's size in characters; 80 by 24 if it does not say. */
  size(): { readonly columns: number; readonly rows: number };
}

/** Has a reader that goes away end the process quietly, as `head` expects. Whatever else is in the way is said. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      if (stream === process.stdout)
        process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
      process.exit(EXIT.failed);
    });
  }
}

/** The process's own outputs. */
export function processOut(colourFlag: boolean | undefined): Out {
  const isTerminal = process.stdout.isTTY === true;
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    raw: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(`${text}\n`),
    paint: painter(wantsColour(isTerminal, colourFlag, process.env)),
    isTerminal,
    size: () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }),
  };
}
