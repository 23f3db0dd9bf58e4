/** Writes one line for people and machines alike. */
export type Log = (level: 'info' | 'warn' | 'error', msg: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes each line to stdout as one JSON object: time, level, msg, and the fields given. */
export const logToStdout: Log = (level, msg, fields) =>
  void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields })}\n`);
