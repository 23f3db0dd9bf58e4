import { pino, type Logger } from 'pino';

export type { Logger };

/** Structured lines on standard output: one JSON object each, times in ISO 8601. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
