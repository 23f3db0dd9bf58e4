/** Runs something. What it throws says first what that was about, such as the setting and what is wrong with it. */
export function saying<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause });
  }
}

/** What one check throws as the problems of a list, so that all of them can be said at once. */
export function problemsIn(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
