import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';

/** Where an export goes. */
export interface Output {
  /** What to call it in a sentence. */
  readonly name: string;
  /** Takes more. Resolves when there is room for the next. */
  write(text: string): Promise<void>;
  /** All was written: makes it last. Nothing counts before. */
  finish(): Promise<void>;
  /** It did not come about: leaves nothing behind. */
  discard(): Promise<void>;
}

/** So much is gathered before it is written, in characters. */
const CHUNK_LENGTH = 262_144;

/** Definitions may hold what is for nobody else. */
const ONLY_OWNER = 0o600;

/**
 * Opens what a path names for an export. A file is there whole or not at all: it is written under another name beside its
 * own, made durable, and then takes its name, in place of what had it before. A link stays one, and what is no file, such
 * as a device or a pipe, is written to.
 */
export async function fileOutput(path: string): Promise<Output> {
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => undefined);
  if (found?.isDirectory()) throw new Error('it is a folder');
  return found === undefined || found.isFile() ? wholeFile(target) : through(target);
}

async function through(path: string): Promise<Output> {
  const stream = (await open(path, 'w')).createWriteStream();
  const output = streamOutput(stream, path);
  const end = (): Promise<void> => new Promise((resolve, reject) => stream.once('error', reject).end(resolve));
  return { ...output, finish: () => output.finish().then(end), discard: () => Promise.resolve(void stream.destroy()) };
}

async function wholeFile(path: string): Promise<Output> {
  const partial = `${path}.${process.pid}.part`;
  const handle = await open(partial, 'wx', ONLY_OWNER);
  let waiting = '';
  const flush = async (): Promise<void> => {
    const text = waiting;
    waiting = '';
    await handle.writeFile(text);
  };
  return {
    name: path,
    write: async (text) => {
      waiting += text;
      if (waiting.length >= CHUNK_LENGTH) await flush();
    },
    finish: async () => {
      await flush();
      await handle.sync();
      await handle.close();
      await rename(partial, path);
      await syncFolder(dirname(path));
    },
    discard: async () => {
      await handle.close().catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
}

/** A new name is durable when its folder is. Windows has no such thing, and no need of it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } finally {
    await handle?.close();
  }
}

/** A stream, such as standard output. Whoever reads it sees from the last line whether it is whole. */
export function streamOutput(stream: Writable, name: string): Output {
  // A write says what went wrong; without a listener it would end the process as well.
  stream.on('error', () => undefined);
  let waiting = '';
  const flush = (): Promise<void> => {
    const text = waiting;
    waiting = '';
    return new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())));
  };
  return {
    name,
    write: async (text) => {
      waiting += text;
      if (waiting.length >= CHUNK_LENGTH) await flush();
    },
    finish: flush,
    discard: () => Promise.resolve(),
  };
}
