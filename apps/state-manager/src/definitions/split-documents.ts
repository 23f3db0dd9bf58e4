import { isScalar, parseAllDocuments, type Document } from 'yaml';

/** One document of a text that may hold several. */
export interface SplitDocument {
  readonly text: string;
  /** The line of the whole text that it begins in, counted from 1. */
  readonly line: number;
}

/** The documents of a YAML text. Those that hold nothing, or nothing but comments, are left out. */
export function splitDocuments(text: string): readonly SplitDocument[] {
  // Whether keys are unique is found out when each document is read; here it would take a time that grows with their square.
  const documents = parseAllDocuments(text, { uniqueKeys: false });
  const full = [...documents].filter((document) => !isEmpty(document));
  if (documents.length <= 1) return full.length === 0 ? [] : [{ text, line: 1 }];
  const lineAt = lineCounter(text);
  return full.map((document) => {
    const [begin, end] = document.range;
    // What stands before the first document belongs to it, as it would if it stood alone.
    const from = document === documents[0] ? 0 : begin;
    const whole = text.slice(from, end);
    const own = whole.replace(/^(---\s*\n)+/, '');
    return { text: own, line: lineAt(from + whole.length - own.length) };
  });
}

/** Gives the line of an offset, counted from 1. The offsets must not go back: each line is counted once. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  return (offset) => {
    for (; next !== -1 && next < offset; next = text.indexOf('\n', next + 1)) line += 1;
    return line;
  };
}

/** Whether there is nothing in a document, or nothing but comments. */
function isEmpty({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}
