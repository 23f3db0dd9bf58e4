/** Writes a line to stdout as JSON: the time, how serious it is, a sentence, and what belongs to it. */
export function log(
  level: 'info' | 'warn' | 'error',
  msg: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields })}\n`);
}

/** What {@link log} is, for those that are given one. */
export type Log = typeof log;
