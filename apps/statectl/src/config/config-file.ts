import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { StatectlError, usageError } from '../failure.ts';
import { filesIn, type IdentityFiles } from '../server/identity.ts';
import { didYouMean } from '../suggest.ts';

/** A named place to ask. */
export interface Context extends IdentityFiles {
  /** host:port[,host:port…] */
  readonly server: string;
  /** A duration, as `--timeout` takes it. */
  readonly timeout?: string;
}

/** What the config file says. */
export interface Config {
  readonly path: string;
  /** Undefined: none is chosen. */
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
  /** A context by name, or the current one; undefined if there is none. Throws StatectlError for an unknown name. */
  contextOf(name: string | undefined): Context | undefined;
}

/** $STATECTL_CONFIG, or statectl/config.yaml below $XDG_CONFIG_HOME or ~/.config. */
export function configPath(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return env['STATECTL_CONFIG'] || join(base, 'statectl', 'config.yaml');
}

/** Reads the config; one that is not there is empty. Throws a usage error that names the file and the key. */
export async function readConfig(env: NodeJS.ProcessEnv): Promise<Config> {
  const path = configPath(env);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw usageError(`cannot read ${path}: ${error.message}`);
  });
  if (text.trim() === '') return configOf(path, undefined, new Map());
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw usageError(`${path} is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  return readValue(path, value);
}

/** Writes the config whole: a reader sees the old one or the new one. Throws StatectlError. */
export async function writeConfig({ path, current, contexts }: Omit<Config, 'contextOf'>): Promise<void> {
  const { stringify } = await import('yaml');
  const value = {
    ...(current === undefined ? {} : { 'current-context': current }),
    contexts: Object.fromEntries([...contexts].map(([name, context]) => [name, written(context)])),
  };
  try {
    await mkdir(dirname(path), { recursive: true });
    // A link to where somebody keeps it stays one.
    const target = await realpath(path).catch(() => path);
    const found = await stat(target).catch(() => undefined);
    if (found !== undefined && !found.isFile()) throw new Error('it is no file');
    const temporary = `${target}.${process.pid}`;
    await writeFile(temporary, stringify(value), { mode: 0o600 });
    await rename(temporary, target);
  } catch (error) {
    throw new StatectlError('failed', `cannot write ${path}: ${(error as Error).message}`);
  }
}

/** A context as it stands in the file. */
function written({ tokenFile, ...context }: Context): Record<string, string | undefined> {
  return { ...context, ...(tokenFile !== undefined && { 'token-file': tokenFile }) };
}

/** The error for a context that is not there. */
export function unknownContext(name: string, { contexts, path }: Pick<Config, 'contexts' | 'path'>): StatectlError {
  const known = [...contexts.keys()];
  const list = known.length === 0 ? `${path} has none.` : `Contexts are ${known.join(', ')}.`;
  return new StatectlError('notFound', `there is no context "${name}"`, [...didYouMean(name, known), list]);
}

function configOf(path: string, current: string | undefined, contexts: ReadonlyMap<string, Context>): Config {
  const contextOf = (name = current): Context | undefined => {
    if (name === undefined) return undefined;
    const context = contexts.get(name);
    if (context === undefined) throw unknownContext(name, { contexts, path });
    return context;
  };
  return { path, current, contexts, contextOf };
}

function readValue(path: string, value: unknown): Config {
  const { 'current-context': current, contexts = {}, ...rest } = objectOf(value, path, 'the whole');
  refuseUnknown(rest, path, '');
  if (current !== undefined && typeof current !== 'string') throw usageError(`${path}: current-context must be a text`);
  const read = Object.entries(objectOf(contexts, path, 'contexts')).map(([name, of]): [string, Context] => {
    const at = `contexts.${name}`;
    const { server, timeout, ca, cert, key, 'token-file': tokenFile, ...more } = objectOf(of, path, at);
    refuseUnknown(more, path, `${at}.`);
    const files = filesIn({ ca, cert, key, tokenFile } as IdentityFiles);
    for (const file of Object.values(files) as unknown[]) {
      if (typeof file !== 'string') throw usageError(`${path}: ca, cert, key and token-file of ${at} must be paths`);
    }
    if (typeof server !== 'string') throw usageError(`${path}: ${at}.server must be host:port[,host:port…]`);
    if (timeout === undefined) return [name, { server, ...files }];
    if (typeof timeout !== 'string') throw usageError(`${path}: ${at}.timeout must be a duration, such as 10s`);
    return [name, { server, timeout, ...files }];
  });
  return configOf(path, current, new Map(read));
}

function objectOf(value: unknown, path: string, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usageError(`${path}: ${at} must be keys with values`);
}

function refuseUnknown(rest: Record<string, unknown>, path: string, at: string): void {
  const [key] = Object.keys(rest);
  if (key !== undefined) throw usageError(`${path}: there is no key ${at}${key}`);
}
