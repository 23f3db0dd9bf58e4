import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { usageError } from './failure.ts';

/** One YAML document of a file. */
export interface SourceDocument {
  readonly file: string;
  /** The file's line that it begins in, from 1. */
  readonly line: number;
  readonly text: string;
}

/** What one of several files holds. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** Reads files, the .yaml and .yml files of folders, and standard input for `-`. Throws a usage error. */
export async function readFiles(paths: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of paths) {
    if (path === '-') {
      files.push({ file: 'standard input', text: await readStream(process.stdin) });
      continue;
    }
    try {
      for (const file of await filesOf(path)) files.push({ file, text: await readFile(file, 'utf8') });
    } catch (error) {
      throw usageError(`cannot read ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`);
    }
  }
  return files;
}

/** Reads the documents of files. Those that hold nothing, or nothing but comments, are left out. Throws a usage error. */
export async function readDocuments(paths: readonly string[]): Promise<SourceDocument[]> {
  const files = await readFiles(paths);
  const documents = files.flatMap(({ file, text }) => splitDocuments(text).map((document) => ({ file, ...document })));
  if (paths.length > 0 && documents.length === 0) throw usageError(`${paths.join(', ')} holds no document`);
  return documents;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'EACCES' ? 'permission denied' : message;
}

/** A line that begins with `---` always begins a document: no YAML value may hold one. */
function splitDocuments(text: string): Omit<SourceDocument, 'file'>[] {
  const documents: { line: number; lines: string[] }[] = [{ line: 1, lines: [] }];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = /^---(?:\s+(.*))?$/.exec(line);
    if (content === null) documents.at(-1)?.lines.push(line);
    else documents.push({ line: content[1] ? i + 1 : i + 2, lines: content[1] ? [content[1]] : [] });
  }
  return documents
    .filter(({ lines }) => lines.some((line) => !/^\s*(?:#.*|\.\.\.)?$/.test(line)))
    .map(({ line, lines }) => ({ line, text: `${lines.join('\n').replace(/\n+$/, '')}\n` }));
}
