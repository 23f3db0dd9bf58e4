import { readConfig, type Context } from '../config/config-file.ts';
import { readDurationMs } from '../duration.ts';
import { readIdentity, type Identity, type IdentityFiles } from '../server/identity.ts';
import { DEFAULT_SERVER, readAddresses } from '../server/addresses.ts';
import type { GlobalOptions } from './run-command.ts';

/** Where to ask, and how long to wait for an answer. */
export interface Settings {
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
  readonly identity: Identity;
}

const DEFAULT_TIMEOUT_MS = 10_000;

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
  const own = { ca: globals.ca, cert: globals.cert, key: globals.key, tokenFile: globals.tokenFile };
  const files = Object.values(own).some((file) => file !== undefined) ? own : context;
  return {
    identity: readIdentity(saidOf(files)),
    addresses: readAddresses(given ?? context?.server ?? DEFAULT_SERVER),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : readDurationMs(timeout),
  };
}

/** Leaves out what is not said. */
function saidOf(files: { readonly [name: string]: string | undefined } | Context = {}): IdentityFiles {
  const { ca, cert, key, tokenFile } = files as IdentityFiles;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tokenFile !== undefined && { tokenFile }),
  };
}

async function readContext({ context }: GlobalOptions, env: NodeJS.ProcessEnv) {
  const config = await readConfig(env);
  return config.contextOf(context);
}
