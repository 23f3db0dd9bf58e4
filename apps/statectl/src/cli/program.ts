import { Command } from 'commander';
import { addLocalCommands } from './local-commands.ts';
import { addReadCommands } from './read-commands.ts';
import { versionOf } from '../version.ts';
import type { Finish } from './run-command.ts';
import { addWriteCommands } from './write-commands.ts';

const EXIT_CODES_HELP = `
Exit codes:
  0  done as asked; a watch that Ctrl-C ended
  1  the server refused it, or it failed
  2  the command line, a file or the config makes no sense
  3  a named thing is not there
  4  no server could be reached, or none that was is available
  5  a wait took too long (130: Ctrl-C before it was over)

Kinds may be written short: s(cenarios), p(ackages), m(odels), n(odes).`;

/** The whole command line. `finish` gets the exit code of the command that ran. */
export function createProgram(finish: Finish): Command {
  // Subcommands inherit all of this: errors are thrown instead of ending the process, and say where help is.
  const program = new Command('statectl')
    .exitOverride()
    .showHelpAfterError('See statectl --help.')
    .configureHelp({ showGlobalOptions: true })
    .description('See, watch, explain and steer what StateManager knows of a fleet.')
    .option('--server <host:port,…>', 'where StateManager answers; more are tried in turn (env: STATECTL_SERVER)')
    .option('--context <name>', 'the context of the config file to use')
    .option(
      '--timeout <duration>',
      'how long a server may take to answer (default: 15s); of wait: the whole wait (60s)',
    )
    .option('--ca <file>', 'PEM of the authorities of the server’s certificate; with it, TLS is spoken')
    .option('--cert <file>', 'PEM of the certificate to show')
    .option('--key <file>', 'PEM of the key to --cert')
    .option('--token-file <file>', 'a file with the bearer token to send')
    .option('--no-color', 'no colours, on a terminal neither (env: NO_COLOR)')
    .helpOption('-h, --help', 'help for a command')
    .helpCommand('help [command]', 'help for a command')
    .version(versionOf(), '--version', 'the version of statectl; that of the server too: statectl version')
    .addHelpText('after', EXIT_CODES_HELP);
  addReadCommands(program, finish);
  addWriteCommands(program, finish);
  addLocalCommands(program, finish);
  return program;
}
