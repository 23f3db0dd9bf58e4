import { pino, type Logger } from 'pino';

export type { Logger };

/** A log, and how to end it. */
export interface Output {
  readonly log: Logger;
  /** Resolves when every line was taken, or nobody took any for so long. Nothing can be logged afterwards. */
  end(withinMs: number): Promise<void>;
}

/** As much may wait for a reader that takes nothing, in characters; lines beyond that are lost, and counted. */
const MAX_WAITING_LENGTH = 16_777_216;

/**
 * Structured lines on standard output: one JSON object each, times in ISO 8601. A reader that is slow, stuck or gone holds
 * nothing up.
 */
export function openLog(level: string): Output {
  // Of a stream without a least length, pino does not say when everything was written.
  const stream = pino.destination({
    dest: process.stdout.fd,
    sync: false,
    minLength: 1,
    maxLength: MAX_WAITING_LENGTH,
  });
  // A full disk or a closed pipe is no reason to stop: what matters is in the store.
  stream.on('error', () => undefined);
  const log = pino(
    {
      level,
      base: null,
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  let lostCount = 0;
  stream.on('drop', () => (lostCount += 1));
  stream.on('drain', () => {
    if (lostCount === 0) return;
    const count = lostCount;
    lostCount = 0;
    log.warn({ count }, 'lines were lost: nobody took them');
  });
  const end = async (withinMs: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      stream.once('error', () => resolve());
      stream.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    // pino flushes once more when the process exits, and would try for ever where nobody reads.
    stream.flushSync = () => undefined;
  };
  return { log, end };
}

let timedAt = 0;
let time = '';

/** pino's own, and as precise; a storm's lines have the same time by the thousand. */
function isoTime(): string {
  const now = Date.now();
  if (now !== timedAt) {
    timedAt = now;
    time = `,"time":"${new Date(now).toISOString()}"`;
  }
  return time;
}
