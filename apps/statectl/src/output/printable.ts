// eslint-disable-next-line no-control-regex -- what a peer wrote must not steer the terminal
const CONTROL = /[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]+/g;

/** A text from elsewhere on one line: whatever could steer the terminal becomes a space. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ');
}

/** The same, line by line. */
export function printableLines(text: string): string[] {
  const lines = text.split(/\r?\n/).map(printable);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
