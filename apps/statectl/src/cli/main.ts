import { CommanderError } from 'commander';
import { EXIT } from '../failure.ts';
import { endWithReader } from '../output/out.ts';
import { createProgram } from './program.ts';

/** Runs a command line. Resolves with the exit code; whatever went wrong was said on standard error. */
export async function main(args: readonly string[]): Promise<number> {
  endWithReader();
  if (args[0] === '__complete') {
    const { printCompletions } = await import('../completion/print-completions.ts');
    return printCompletions(args.slice(1));
  }
  let exitCode: number = EXIT.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
  return exitCode;
}
