import { resolve } from 'node:path';
import { readConfig, unknownContext, writeConfig, type Context } from '../config/config-file.ts';
import { readDurationMs } from '../duration.ts';
import { EXIT, StatectlError, usageError } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { tableLines } from '../output/table.ts';
import { filesIn, readIdentity, type IdentityFiles } from '../server/identity.ts';
import { readAddresses } from '../server/addresses.ts';

/** `config get-contexts`. */
export async function getContexts(out: Out): Promise<number> {
  const { contexts, current, path } = await readConfig(process.env);
  if (contexts.size === 0) {
    out.note(`No contexts in ${path}.`);
    return EXIT.ok;
  }
  const rows = [...contexts].map(([name, { server, timeout }]) => [
    name === current ? '*' : '',
    name,
    server,
    timeout ?? '-',
  ]);
  for (const line of tableLines(['CURRENT', 'NAME', 'SERVER', 'TIMEOUT'], rows, out.paint)) out.line(line);
  return EXIT.ok;
}

/** `config current-context`. */
export async function currentContext(out: Out): Promise<number> {
  const { current } = await readConfig(process.env);
  if (current === undefined) {
    throw new StatectlError('notFound', 'no context is chosen', ['Choose one with statectl config use-context.']);
  }
  out.line(current);
  return EXIT.ok;
}

/** `config use-context`. */
export async function useContext(out: Out, name: string): Promise<number> {
  const config = await readConfig(process.env);
  if (!config.contexts.has(name)) throw unknownContext(name, config);
  await writeConfig({ ...config, current: name });
  out.line(`context ${name} is used now`);
  return EXIT.ok;
}

/** `config set-context`: makes or changes one. The first one is chosen at once. */
export async function setContext(
  out: Out,
  name: string,
  { server, timeout, ...more }: Partial<Context>,
): Promise<number> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw usageError(`"${name}" is no name for a context`);
  const config = await readConfig(process.env);
  const before = config.contexts.get(name);
  const address = server ?? before?.server;
  if (address === undefined) throw usageError('a new context needs --server host:port[,host:port…]');
  if (timeout !== undefined) readDurationMs(timeout);
  const kept = timeout ?? before?.timeout;
  const files = filesIn(more);
  const context: Context = {
    server: readAddresses(address).join(','),
    ...(kept === undefined ? {} : { timeout: kept }),
    ...(Object.keys(files).length > 0 ? resolved(files) : filesIn(before ?? {})),
  };
  const contexts = new Map(config.contexts).set(name, context);
  await writeConfig({ ...config, contexts, current: config.current ?? name });
  out.line(`context ${name} ${before === undefined ? 'created' : 'changed'}`);
  return EXIT.ok;
}

/** The files that say who asks, as paths that hold wherever statectl is called. Throws if one cannot be used. */
function resolved(files: IdentityFiles): IdentityFiles {
  readIdentity(files);
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, resolve(file as string)]));
}

/** `config delete-context`. */
export async function deleteContext(out: Out, name: string): Promise<number> {
  const config = await readConfig(process.env);
  const contexts = new Map(config.contexts);
  if (!contexts.delete(name)) throw unknownContext(name, config);
  await writeConfig({ ...config, contexts, current: config.current === name ? undefined : config.current });
  out.line(`context ${name} deleted`);
  return EXIT.ok;
}
