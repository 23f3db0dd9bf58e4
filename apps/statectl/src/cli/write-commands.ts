import type { Command } from 'commander';
import type { SetOptions } from '../commands/set.ts';
import { runRemote, type Finish, type GlobalOptions } from './run-command.ts';

/** The commands that change something. */
export function addWriteCommands(program: Command, finish: Finish): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  addDefinitionCommands(program, finish, globals);
  addStateCommands(program, finish, globals);
  addReconcileCommands(program, finish, globals);
}

function addDefinitionCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  program
    .command('apply')
    .requiredOption(
      '-f, --filename <file|dir|->',
      'YAML documents; a folder means its .yaml and .yml files (repeatable)',
      gather,
    )
    .description('store Package, Scenario and Model definitions: all of them, or none')
    .option('--dry-run', 'only show the difference, and what would follow')
    .option('-o, --output <format>', 'table, json, yaml or name')
    .action(async (options: { filename: string[]; dryRun?: true; output?: string }) => {
      const { apply } = await import('../commands/apply.ts');
      finish(await runRemote(globals(), (shell) => apply(shell, options)));
    });
  program
    .command('delete')
    .argument('<kind/name...>', 'packages, scenarios, models or nodes')
    .description('delete a definition, or else a state that only a request made; forget a node that is gone for good')
    .option('--source <text>', 'who asks, as history shows it')
    .action(async (words: string[], options: { source?: string }) => {
      const { deleteNamed } = await import('../commands/delete.ts');
      finish(await runRemote(globals(), (shell) => deleteNamed(shell, words, options)));
    });
}

function addStateCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  program
    .command('set')
    .argument('<kind/name>', 'a scenario, package or model')
    .argument('<state>', 'the state it shall come into')
    .description('ask for a state, as the components do')
    .option('--source <text>', 'who asks: filtergateway, policymanager, …')
    .option('--current <state>', 'refuse if it is in another state than this')
    .option('--id <text>', 'the id of the request; the same one again changes nothing (default: a new one)')
    .action(async (word: string, state: string, options: SetOptions) => {
      const { setState } = await import('../commands/set.ts');
      finish(await runRemote(globals(), (shell) => setState(shell, word, state, options)));
    });
  program
    .command('report')
    .requiredOption('-f, --filename <file|->', 'what the containers of a node do, as YAML (repeatable)', gather)
    .description('send the report of a node by hand, in the place of its NodeAgent')
    .action(async (options: { filename: string[] }) => {
      const { report } = await import('../commands/report.ts');
      finish(await runRemote(globals(), (shell) => report(shell, options.filename)));
    });
}

function addReconcileCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  const commands = () => import('../commands/steer.ts');
  program
    .command('retry')
    .argument('<package...>', 'packages')
    .description('ask ActionController now, whatever the backoff says')
    .action(async (words: string[]) =>
      finish(await runRemote(globals(), async (shell) => (await commands()).retry(shell, words))),
    );
  program
    .command('pause')
    .argument('<package...>', 'packages')
    .description('ask nothing more of ActionController for these packages')
    .action(async (words: string[]) =>
      finish(await runRemote(globals(), async (shell) => (await commands()).pause(shell, words))),
    );
  program
    .command('resume')
    .argument('<package...>', 'packages')
    .description('ask ActionController for these packages again')
    .action(async (words: string[]) =>
      finish(await runRemote(globals(), async (shell) => (await commands()).resume(shell, words))),
    );
}

function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
