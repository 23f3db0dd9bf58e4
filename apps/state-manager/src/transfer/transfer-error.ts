/** Why an export or an import did not come about: one sentence or more, each for whoever ran it. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('; '), options);
    this.problems = problems;
  }
}

/** How many examples a sentence gives. */
const EXAMPLES_COUNT = 3;

/** The longest text of a file that a sentence repeats, in characters. */
const MAX_SHOWN_LENGTH = 100;

/** `a, b, c and 4 more`. */
export function someOf(texts: readonly string[]): string {
  const shown = texts.slice(0, EXAMPLES_COUNT).join(', ');
  const more = texts.length - EXAMPLES_COUNT;
  return more > 0 ? `${shown} and ${more.toLocaleString('en')} more` : shown;
}

/** A text of unknown origin in a sentence. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
