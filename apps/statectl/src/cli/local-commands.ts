import type { Command } from 'commander';
import { usageError } from '../failure.ts';
import { didYouMean } from '../suggest.ts';
import { runLocal, runRemote, type Finish, type GlobalOptions } from './run-command.ts';

/** The commands about statectl itself. */
export function addLocalCommands(program: Command, finish: Finish): void {
  program
    .command('version')
    .description('the version of statectl, and whether StateManager answers')
    .option('--client', 'only the version of statectl: ask no server')
    .action(async ({ client }: { client?: true }) => {
      const globals = program.opts<GlobalOptions>();
      const { clientVersion, serverVersion } = await import('../commands/version.ts');
      finish(await runLocal(globals, (out) => clientVersion(out)));
      if (client !== true) finish(await runRemote(globals, serverVersion));
    });
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('the shell script that completes commands, options and live names')
    .addHelpText('after', '\nFor this bash session: source <(statectl completion bash)')
    .action(async (shell: string) => {
      const { SCRIPTS } = await import('../completion/scripts.ts');
      const print = runLocal(program.opts(), async (out) => {
        const script = SCRIPTS.get(shell);
        if (script === undefined) {
          const shells = [...SCRIPTS.keys()];
          throw usageError(
            `there is no completion for "${shell}"`,
            ...didYouMean(shell, shells),
            `Shells are ${shells.join(', ')}.`,
          );
        }
        out.raw(script);
        return Promise.resolve(0);
      });
      finish(await print);
    });
  addConfigCommands(program, finish);
}

function addConfigCommands(program: Command, finish: Finish): void {
  const config = program
    .command('config')
    .description('named contexts: which servers to ask ($STATECTL_CONFIG or ~/.config/statectl/config.yaml)');
  const commands = () => import('../commands/config.ts');
  config
    .command('get-contexts')
    .description('all contexts, and which one is used')
    .action(async () => finish(await runLocal(program.opts(), async (out) => (await commands()).getContexts(out))));
  config
    .command('current-context')
    .description('the context that is used')
    .action(async () => finish(await runLocal(program.opts(), async (out) => (await commands()).currentContext(out))));
  config
    .command('use-context')
    .argument('<name>', 'a context')
    .description('use a context from now on')
    .action(async (name: string) =>
      finish(await runLocal(program.opts(), async (out) => (await commands()).useContext(out, name))),
    );
  config
    .command('set-context')
    .argument('<name>', 'a context, new or known')
    .description(
      'make or change a context, with --server, --timeout, --ca, --cert, --key and --token-file; the first one is used at once',
    )
    .action(async (name: string) => {
      finish(
        await runLocal(program.opts(), async (out) =>
          (await commands()).setContext(out, name, program.opts<GlobalOptions>()),
        ),
      );
    });
  config
    .command('delete-context')
    .argument('<name>', 'a context')
    .description('delete a context')
    .action(async (name: string) =>
      finish(await runLocal(program.opts(), async (out) => (await commands()).deleteContext(out, name))),
    );
}
