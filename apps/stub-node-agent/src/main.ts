#!/usr/bin/env node
import { once } from 'node:events';
import { logToStdout } from './log.ts';
import { HELP, readOptions } from './options.ts';
import { loadFleet, startStubNodeAgent } from './stub-node-agent.ts';

async function main(): Promise<number> {
  const command = readOptions(process.argv.slice(2));
  if (command === 'help') return print(process.stdout, HELP, 0);
  const fleet = await loadFleet(command.options.fleet);
  const problems = [...command.problems, ...fleet.problems];
  if (problems.length > 0) return print(process.stderr, `${problems.join('\n')}\nTry --help.\n`, 2);
  const agent = await startStubNodeAgent(fleet.nodes, command.options, logToStdout);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await agent.close();
  logToStdout('info', 'stopped');
  return 0;
}

function print(stream: NodeJS.WriteStream, text: string, exitCode: number): number {
  stream.write(text);
  return exitCode;
}

process.exitCode = await main().catch((error: unknown) => {
  logToStdout('error', 'cannot run', { error: error instanceof Error ? error.message : String(error) });
  return 1;
});
