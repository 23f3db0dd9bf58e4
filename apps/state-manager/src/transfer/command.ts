import { createReadStream, existsSync } from 'node:fs';
import { StoreError, type KeyValueStore } from '@statemanager/state-store';
import { openStore } from '../open-store.ts';
import { exportStore } from './export-store.ts';
import { describeCounts, keysOf } from './file-format.ts';
import { transferHelp } from './help.ts';
import { importInto } from './import-store.ts';
import { readTransferCommand, type TransferSettings, type TransferVerb } from './options.ts';
import { fileOutput, streamOutput, type Output } from './output.ts';
import { readExport } from './read-file.ts';
import { createTeller, type Teller } from './teller.ts';
import { TransferError } from './transfer-error.ts';

const EXIT = { done: 0, failed: 1, badUsage: 2 } as const;

/**
 * Runs `state-manager export` or `import`, and returns its exit code. Standard output has the file, if it goes there, and
 * help; all else is said on standard error.
 */
export async function runTransfer(
  verb: TransferVerb,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const teller = createTeller((line) => process.stderr.write(line));
  const command = readTransferCommand(verb, args, env);
  switch (command.type) {
    case 'help':
      process.stdout.write(transferHelp(verb));
      return EXIT.done;
    case 'bad':
      command.problems.forEach((problem) => teller.say(problem));
      return EXIT.badUsage;
    case 'run':
      try {
        await (verb === 'export' ? runExport : runImport)(command.settings, teller, stopOnSignals());
        return EXIT.done;
      } catch (error) {
        problemsOf(error).forEach((problem) => teller.say(problem));
        return EXIT.failed;
      }
  }
}

async function runExport(settings: TransferSettings, teller: Teller, stopped: AbortSignal): Promise<void> {
  const { store: url } = settings;
  // Opening would create it.
  if (url.type === 'sqlite' && !existsSync(url.path)) throw new TransferError([`there is no store at ${url.path}`]);
  await withStore(settings, async (store) => {
    const output = await openOutput(settings.file);
    const { revision, trailer } = await exportStore(store, output, teller, stopped).catch((error: unknown) => {
      throw new TransferError([...problemsOf(error), `${output.name} has no export`], { cause: error });
    });
    const what = `${keysOf(trailer.entries)} of ${store.name}, as of revision ${revision}`;
    teller.say(`exported ${what}, to ${output.name}: ${describeCounts(trailer.counts)}; sha256 ${trailer.sha256}`);
  });
}

async function openOutput(file: string): Promise<Output> {
  if (file === '-') return streamOutput(process.stdout, 'standard output');
  try {
    return await fileOutput(file);
  } catch (error) {
    throw new TransferError([`${file} cannot be written: ${(error as Error).message}`], { cause: error });
  }
}

async function runImport(settings: TransferSettings, teller: Teller, stopped: AbortSignal): Promise<void> {
  const { file: path, replace, store: url } = settings;
  const name = path === '-' ? 'standard input' : path;
  const file = await teller.during(`reading ${name}`, readFile(path, name));
  const { header, trailer } = file;
  teller.say(`${name} is whole: ${keysOf(trailer.entries)} of ${header.store}, exported at ${header.time}`);
  await withStore(settings, async (store) => {
    const options = { replace, leaderIsLive: url.type === 'etcd', stopped, teller };
    const { putCount, deletedCount, sameCount } = await importInto(store, file, options);
    const done = `${keysOf(putCount)} written, ${keysOf(deletedCount)} deleted, ${keysOf(sameCount)} there before`;
    teller.say(`imported into ${store.name}: ${done}; it holds ${describeCounts(trailer.counts)}`);
  });
}

async function readFile(path: string, name: string): ReturnType<typeof readExport> {
  try {
    return await readExport((path === '-' ? process.stdin : createReadStream(path)) as AsyncIterable<Buffer>);
  } catch (error) {
    if (!(error instanceof TransferError)) {
      throw new TransferError([`${name} cannot be read: ${(error as Error).message}`], { cause: error });
    }
    const problems = error.problems.map((problem) => `${name}: ${problem}`);
    throw new TransferError([...problems, 'nothing was imported'], { cause: error });
  }
}

async function withStore(settings: TransferSettings, use: (store: KeyValueStore) => Promise<void>): Promise<void> {
  const store = await openStore(settings.store, settings.config);
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

/** Aborts when the process is asked to stop, so that nothing is left behind, and the leadership is given up. */
function stopOnSignals(): AbortSignal {
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Once: whoever asks again does not want to wait.
    process.once(signal, () => stopped.abort(new TransferError([`stopped by ${signal}`])));
  }
  return stopped.signal;
}

/** What to say of a failure. A fault of ours has its stack, because nobody else can say where it is. */
function problemsOf(error: unknown): readonly string[] {
  if (error instanceof TransferError) return error.problems;
  if (StoreError.is(error) || isOfTheSystem(error)) return [error.message];
  return [(error as Error).stack ?? String(error)];
}

/** Such as a full disk, or a reader that is gone. */
function isOfTheSystem(error: unknown): error is Error {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
