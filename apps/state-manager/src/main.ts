#!/usr/bin/env node
import { checkSettings } from './check-settings.ts';
import { readCommand } from './config/config.ts';
import { helpText } from './config/help.ts';
import type { Config } from './config/schema.ts';
import { openLog } from './log.ts';
import { startService } from './service.ts';
import { runTransfer } from './transfer/command.ts';
import { isTransferVerb } from './transfer/options.ts';
import { versionOf } from './version.ts';

const EXIT = { failed: 1, badConfig: 2 } as const;

/** So long may a reader of the log take for its last lines. */
const LOGGED_WITHIN_MS = 1000;

const [verb, ...rest] = process.argv.slice(2);
if (isTransferVerb(verb)) process.exitCode = await runTransfer(verb, rest, process.env);
else await main();

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  switch (command.type) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`${versionOf()}\n`);
      return;
    case 'bad':
      refuse(command.problems);
      return;
    case 'run': {
      const problems = checkSettings(command.config);
      if (problems.length > 0) refuse(problems);
      else await run(command.config);
    }
  }
}

function refuse(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`state-manager: ${problem}\n`);
  process.exitCode = EXIT.badConfig;
}

async function run(config: Config): Promise<void> {
  const output = openLog(config['log-level']);
  const { log } = output;
  const exit = (code: number): Promise<never> => output.end(LOGGED_WITHIN_MS).then(() => process.exit(code));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a fault of ours; whatever was acknowledged is in the store');
    void exit(EXIT.failed);
  });
  // Listened for from the beginning: a signal that comes while the service starts stops it as soon as it has.
  const asked = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => resolve(signal));
  });
  const service = await startService(config, log).catch((error: unknown) => {
    process.stderr.write(`state-manager: ${(error as Error).message}\n`);
    return exit(EXIT.failed);
  });
  log.info({ signal: await asked }, 'asked to stop');
  try {
    await service.stop();
    await exit(0);
  } catch (error) {
    log.fatal({ err: error }, 'could not stop cleanly');
    await exit(EXIT.failed);
  }
}
