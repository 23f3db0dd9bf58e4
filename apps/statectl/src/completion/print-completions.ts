import { v1 } from '@statemanager/proto';
import type { GlobalOptions } from '../cli/run-command.ts';
import { readSettings } from '../cli/settings.ts';
import { readConfig } from '../config/config-file.ts';
import { EXIT } from '../failure.ts';
import type { Kind } from '../kind.ts';
import { Servers } from '../server/servers.ts';
import { complete } from './complete.ts';

/** A person waits at the prompt for it, in milliseconds. */
const NAMES_WITHIN_MS = 500;

/** More names than these help nobody. */
const MAX_NAMES_COUNT = 200;

/** What completion scripts call: candidates, a line each, and never an error. */
export async function printCompletions(words: readonly string[]): Promise<number> {
  const live = {
    names: (kind: Kind, prefix: string) => askNames(globalsIn(words), kind, prefix).catch(() => []),
    contexts: () =>
      readConfig(process.env).then(
        ({ contexts }) => [...contexts.keys()],
        () => [],
      ),
  };
  const candidates = await complete(words, live).catch(() => []);
  if (candidates.length > 0) process.stdout.write(`${candidates.join('\n')}\n`);
  return EXIT.ok;
}

async function askNames(globals: GlobalOptions, kind: Kind, namePrefix: string): Promise<string[]> {
  const { addresses, identity } = await readSettings(globals, process.env);
  const servers = new Servers(addresses, NAMES_WITHIN_MS, identity);
  try {
    const request = { filter: { kinds: [kind], namePrefix }, pageSize: MAX_NAMES_COUNT };
    const page = await servers.call(v1.StateService, (client, options) => client.listResources(request, options));
    return page.resources.map(({ name }) => name);
  } finally {
    servers.close();
  }
}

/** Which server the words so far mean. */
function globalsIn(words: readonly string[]): GlobalOptions {
  const server = valueOf(words, '--server');
  const context = valueOf(words, '--context');
  return { ...(server === undefined ? {} : { server }), ...(context === undefined ? {} : { context }) };
}

function valueOf(words: readonly string[], flag: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const at = words.indexOf(flag);
  return joined ?? (at < 0 ? undefined : words[at + 1]);
}
