import { readConfig } from '../config/config-file.ts';
import { readDurationMs } from '../duration.ts';
import { filesIn, readIdentity, type Identity } from '../server/identity.ts';
import { DEFAULT_SERVER, readAddresses } from '../server/addresses.ts';
import type { GlobalOptions } from './run-command.ts';

/** Where to ask, and how long to wait for an answer. */
export interface Settings {
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
  readonly identity: Identity;
}

/** Longer than a server takes by default to say why it cannot answer (`--answer-within-ms`). */
const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * The server is, first that is given: `--server`, the context that `--context` names, STATECTL_SERVER, the config's
 * current context, the default. Throws a usage error.
 */
export async function readSettings(globals: GlobalOptions, env: NodeJS.ProcessEnv): Promise<Settings> {
  const fromEnv = globals.context === undefined ? env['STATECTL_SERVER'] || undefined : undefined;
  const given = globals.server ?? fromEnv;
  const context = given === undefined || globals.context !== undefined ? await readContext(globals, env) : undefined;
  const timeout = globals.timeout ?? context?.timeout;
  // What is said on the command line takes the place of the context's, all of it: half of each would be nobody.
  const own = filesIn(globals);
  return {
    identity: readIdentity(Object.keys(own).length > 0 ? own : (context ?? {})),
    addresses: readAddresses(given ?? context?.server ?? DEFAULT_SERVER),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : readDurationMs(timeout),
  };
}

async function readContext({ context }: GlobalOptions, env: NodeJS.ProcessEnv) {
  const config = await readConfig(env);
  return config.contextOf(context);
}
