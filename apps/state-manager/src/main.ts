#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { readCommand } from './config/config.ts';
import { helpText } from './config/help.ts';
import type { Config } from './config/schema.ts';
import { createLogger } from './log.ts';
import { startService } from './service.ts';

const EXIT = { failed: 1, badConfig: 2 } as const;

await main();

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
      for (const problem of command.problems) process.stderr.write(`state-manager: ${problem}\n`);
      process.exitCode = EXIT.badConfig;
      return;
    case 'run':
      await run(command.config);
  }
}

async function run(config: Config): Promise<void> {
  const log = createLogger(config['log-level']);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a fault of ours; whatever was acknowledged is in the store');
    process.exit(EXIT.failed);
  });
  try {
    const service = await startService(config, log);
    let stopping = false;
    const stop = (signal: string): void => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'asked to stop');
      service
        .stop()
        .then(() => process.exit(0))
        .catch((error: unknown) => {
          log.fatal({ err: error }, 'could not stop cleanly');
          process.exit(EXIT.failed);
        });
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
  } catch (error) {
    process.stderr.write(`state-manager: ${(error as Error).message}\n`);
    process.exitCode = EXIT.failed;
  }
}

function versionOf(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
