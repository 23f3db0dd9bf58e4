/** The shortest useful text of anything that was thrown. */
export function textOf(reason: unknown): string {
  if (reason instanceof AggregateError && reason.message === '') return reason.errors.map(textOf).join(', ');
  return reason instanceof Error ? reason.message : String(reason);
}
