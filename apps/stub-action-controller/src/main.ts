#!/usr/bin/env node
import { loadDefinitions } from './definitions.ts';
import { log } from './log.ts';
import { HELP, readOptions } from './options.ts';
import { startStubActionController } from './stub-action-controller.ts';

async function main(): Promise<void> {
  const { help, options, problems } = readOptions(process.argv.slice(2));
  if (help) return void process.stdout.write(HELP);
  const loaded = await loadDefinitions(options.definitions);
  problems.push(...loaded.problems);
  if (problems.length > 0) {
    process.stderr.write(`${[...problems, 'See --help.', ''].join('\n')}`);
    process.exitCode = 2;
    return;
  }
  const controller = await startStubActionController(loaded.definitions, options, log);
  const stop = (signal: NodeJS.Signals) => {
    log('info', 'stopping', { signal });
    void controller.close().then(() => log('info', 'stopped'));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

main().catch((error: unknown) => {
  log('error', 'cannot run', { error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
