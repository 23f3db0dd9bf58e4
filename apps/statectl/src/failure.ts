/** What the program's exit code says. */
export const EXIT = {
  /** Done as asked. */
  ok: 0,
  /** The server refused it, or it failed. */
  failed: 1,
  /** The command line, a file or the config makes no sense; nothing was asked of the server. */
  usage: 2,
  /** A named thing is not there. */
  notFound: 3,
  /** No server could be reached, or none of those that were is available. */
  unreachable: 4,
  /** What was waited for did not come in time. */
  timedOut: 5,
  /** Ctrl-C before a wait was over. */
  interrupted: 130,
} as const;

/** What went wrong: the exit codes' names. */
export type FailureCode = Exclude<keyof typeof EXIT, 'ok' | 'interrupted'>;

/** Why a command cannot go on, in the user's words. */
export class StatectlError extends Error {
  override readonly name = 'StatectlError';
  readonly code: FailureCode;
  /** What could be done about it, a line each. */
  readonly hints: readonly string[];

  constructor(code: FailureCode, message: string, hints: readonly string[] = [], cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hints = hints;
  }
}

/** The command line is wrong. */
export function usageError(message: string, ...hints: string[]): StatectlError {
  return new StatectlError('usage', message, hints);
}
