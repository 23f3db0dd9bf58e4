import { InvalidArgumentError, type Command } from 'commander';
import type { GetOptions } from '../commands/get.ts';
import type { ImpactOptions } from '../commands/impact.ts';
import { runRemote, type Finish, type GlobalOptions } from './run-command.ts';

/** The commands that change nothing. */
export function addReadCommands(program: Command, finish: Finish): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  addListCommands(program, finish, globals);
  addWhyCommands(program, finish, globals);
  addTimeCommands(program, finish, globals);
}

function addListCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  withFilter(program.command('get'))
    .argument('[kind]', 'packages, models, scenarios, nodes, definitions, all, several as a,b; or kind/name')
    .argument('[names...]', 'names, or more kind/name')
    .description('states, as a table or as the API gives them')
    .option('-o, --output <format>', 'table, wide, json, yaml or name')
    .option('-w, --watch', 'go on with every change, until Ctrl-C')
    .action(async (kind: string | undefined, names: string[], options: GetOptions) => {
      const { get } = await import('../commands/get.ts');
      finish(await runRemote(globals(), (shell) => get(shell, wordsOf(kind, names), options)));
    });
  program
    .command('describe')
    .argument('<kind/name...>', 'what to describe')
    .description('all that is known of something, and its last transitions')
    .action(async (words: string[]) => {
      const { describe } = await import('../commands/describe.ts');
      finish(await runRemote(globals(), (shell) => describe(shell, words)));
    });
  withFilter(program.command('watch'))
    .argument('[kind]', 'as of get')
    .argument('[names...]', 'as of get')
    .description('everything as it is, then every change, a line each, until Ctrl-C')
    .option('-o, --output <format>', 'table, wide, json, yaml or name')
    .action(async (kind: string | undefined, names: string[], options: GetOptions) => {
      const { watch } = await import('../commands/watch.ts');
      finish(await runRemote(globals(), (shell) => watch(shell, wordsOf(kind, names), options)));
    });
  program
    .command('top')
    .description('counts by state, the busiest packages, and rates; live in a terminal')
    .option('--once', 'print once and end, in a terminal too')
    .option('-n, --count <n>', 'how many of the busiest packages', readCount, 10)
    .action(async (options: { once?: true; count: number }) => {
      const { top } = await import('../commands/top.ts');
      finish(await runRemote(globals(), (shell) => top(shell, options)));
    });
}

function addWhyCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  program
    .command('explain')
    .argument('<kind/name...>', 'scenarios, packages or models')
    .description('why something is in its state, down to exit codes, and what would change it')
    .option('-o, --output <format>', 'tree, json or yaml')
    .action(async (words: string[], options: { output?: string }) => {
      const { explain } = await import('../commands/explain.ts');
      finish(await runRemote(globals(), (shell) => explain(shell, words, options)));
    });
  program
    .command('impact')
    .description('what would follow if something happened; nothing is changed')
    .option('--node <name>', 'this node is lost (repeatable)', gather)
    .option('--model <name=state>', 'this model comes into this state (repeatable)', gather)
    .option('--container <node/model/name=state>', 'this container comes into this state (repeatable)', gather)
    .option(
      '-f, --filename <file>',
      'these packages and scenarios are defined so; - is standard input (repeatable)',
      gather,
    )
    .option('--rank <n>', 'also the n nodes whose loss would hurt most', readCount)
    .option('-o, --output <format>', 'table, json or yaml')
    .action(async (options: ImpactOptions) => {
      const { impact } = await import('../commands/impact.ts');
      finish(await runRemote(globals(), (shell) => impact(shell, options)));
    });
}

function addTimeCommands(program: Command, finish: Finish, globals: () => GlobalOptions): void {
  program
    .command('history')
    .argument('[kind/name]', 'a scenario, package or model; without it, all of them')
    .argument('[name]', 'its name, if the kind stands alone')
    .description('what happened, newest first')
    .option('-n, --count <n>', 'at most so many', readCount)
    .option('-o, --output <format>', 'table, wide, json or yaml')
    .action(
      async (kind: string | undefined, name: string | undefined, options: { count?: number; output?: string }) => {
        const { history } = await import('../commands/history.ts');
        const words = [kind, name].filter((word) => word !== undefined);
        finish(await runRemote(globals(), (shell) => history(shell, words, options)));
      },
    );
  program
    .command('events')
    .argument('[kinds]', 'scenarios, packages, models, several as a,b; without it, all of them')
    .description('what happened, a line each, oldest first')
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .option('-n, --count <n>', 'how many of what happened before', readCount)
    .option('-o, --output <format>', 'table, wide, json or yaml')
    .action(async (kinds: string | undefined, options: { follow?: true; count?: number; output?: string }) => {
      const { events } = await import('../commands/events.ts');
      finish(await runRemote(globals(), (shell) => events(shell, kinds, options)));
    });
  program
    .command('wait')
    .argument('<kind/name...>', 'what to wait for; all of it')
    .requiredOption('--for <state,…>', 'any of these states, or deleted')
    .option('--fresh', 'a state that is stale does not count')
    .description('wait until something comes into a state; give up after --timeout (60s)')
    .action(async (words: string[], options: { for: string; fresh?: true }) => {
      const { wait } = await import('../commands/wait.ts');
      finish(await runRemote(globals(), (shell) => wait(shell, words, { ...options, timeout: globals().timeout })));
    });
  program
    .command('reconciles')
    .description('what ActionController is asked to repair, and why it waits')
    .option('-o, --output <format>', 'table, wide, json, yaml or name')
    .action(async (options: { output?: string }) => {
      const { reconciles } = await import('../commands/reconciles.ts');
      finish(await runRemote(globals(), (shell) => reconciles(shell, options)));
    });
}

function withFilter(command: Command): Command {
  return command
    .option('-l, --state <state,…>', 'only those in one of these states (repeatable)', gatherList)
    .option('--prefix [text]', 'only those whose names begin so')
    .option('--package <name>', 'only this package, its models and its scenarios')
    .option('--stale', 'only those that are stale')
    .option('--no-stale', 'only those that are not stale');
}

function wordsOf(kind: string | undefined, names: readonly string[]): string[] {
  return kind === undefined ? [] : [kind, ...names];
}

function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function gatherList(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').map((word) => word.trim())];
}

const MAX_COUNT = 1000;

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_COUNT) return count;
  throw new InvalidArgumentError(`It must be from 1 to ${MAX_COUNT}.`);
}
