const LINE_END = 0x0a;

/** A line as it stands in a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Its bytes, line end included if it has one. */
  readonly bytes: Buffer;
  /** False only for a last line that was cut off. */
  readonly isWhole: boolean;
}

/**
 * Splits bytes at line feeds, and nowhere else: what JSON leaves as it is inside of a text (such as U+2028) ends no line.
 * Throws RangeError if a line is longer than `maxBytes`.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, begin)) {
      parts.push(chunk.subarray(begin, end + 1));
      begin = end + 1;
      yield { number: (number += 1), bytes: Buffer.concat(parts), isWhole: true };
      parts = [];
      length = 0;
    }
    const rest = chunk.subarray(begin);
    length += rest.length;
    if (length > maxBytes) throw new RangeError(`line ${number + 1} is longer than ${maxBytes} bytes`);
    if (rest.length > 0) parts.push(rest);
  }
  if (length > 0) yield { number: number + 1, bytes: Buffer.concat(parts), isWhole: false };
}
