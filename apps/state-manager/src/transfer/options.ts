import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCommand } from '../config/config.ts';
import type { Config } from '../config/schema.ts';
import { ETCD_SETTINGS, etcdOptionsOf, type EtcdSetting } from '../config/etcd-options.ts';
import { path, type StoreUrl } from '../config/parsers.ts';
import { problemsIn } from '../config/problems.ts';

/** The commands that carry a store's contents, by their first word. */
export const TRANSFER_VERBS = ['export', 'import'] as const;
export type TransferVerb = (typeof TRANSFER_VERBS)[number];

export interface TransferSettings {
  readonly store: Exclude<StoreUrl, { type: 'memory' }>;
  /** How to reach it, and what else of the service's settings counts here. */
  readonly config: Pick<Config, EtcdSetting | 'lease-ttl-seconds'>;
  /** A path, or `-` for standard output or input. */
  readonly file: string;
  readonly replace: boolean;
}

/** What the command line asks for. */
export type TransferCommand =
  | { readonly type: 'run'; readonly settings: TransferSettings }
  | { readonly type: 'help' }
  /** Every problem at once, each a sentence. */
  | { readonly type: 'bad'; readonly problems: readonly string[] };

/** The service's settings that count here too, wherever they are given. */
const SHARED: Readonly<Record<TransferVerb, readonly string[]>> = {
  export: ['store', ...ETCD_SETTINGS, 'config'],
  import: ['store', ...ETCD_SETTINGS, 'lease-ttl-seconds', 'config'],
};

/** Whether the first word of a command line names a command of this folder. */
export function isTransferVerb(word: string | undefined): word is TransferVerb {
  return TRANSFER_VERBS.some((verb) => verb === word);
}

/** Reads what follows a verb. The store is found as the service finds it: flag, environment, file, default. */
export function readTransferCommand(
  verb: TransferVerb,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): TransferCommand {
  const { problems, shared, file, replace, isHelp } = readFlags(verb, args);
  if (isHelp) return { type: 'help' };
  const command = readCommand(shared, env);
  if (command.type === 'bad') problems.push(...command.problems);
  const path = file ?? (verb === 'export' ? '-' : undefined);
  if (path === undefined) problems.push('--file is needed: the file to import, or - for standard input');
  if (command.type !== 'run' || path === undefined) return { type: 'bad', problems };
  const { config } = command;
  const { store } = config;
  if (store.type === 'memory') {
    problems.push('--store must be one that outlives its process: sqlite:<path> or etcd:<host:port>[,<host:port>…]');
    return { type: 'bad', problems };
  }
  if (store.type === 'sqlite' && path !== '-' && resolve(store.path) === resolve(path)) {
    problems.push('--file must not be the file of the store itself');
  }
  if (store.type === 'etcd') problems.push(...problemsIn(() => etcdOptionsOf(store.hosts, config)));
  if (problems.length > 0) return { type: 'bad', problems };
  return { type: 'run', settings: { store, config, file: path, replace } };
}

interface Flags {
  readonly problems: string[];
  /** For the service's own reader. */
  readonly shared: readonly string[];
  readonly file: string | undefined;
  readonly replace: boolean;
  readonly isHelp: boolean;
}

function readFlags(verb: TransferVerb, args: readonly string[]): Flags {
  const texts: readonly string[] = ['file', ...SHARED[verb]];
  const booleans: readonly string[] = verb === 'import' ? ['help', 'replace'] : ['help'];
  const options = Object.fromEntries([
    ...texts.map((name) => [name, { type: 'string' as const }]),
    ...booleans.map((name) => [name, { type: 'boolean' as const, ...(name === 'help' && { short: 'h' }) }]),
  ]) as Record<string, { type: 'string' | 'boolean'; short?: string }>;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const problems: string[] = [];
  const shared: string[] = [];
  const given = new Set<string>();
  let file: string | undefined;
  for (const token of tokens) {
    const see = `see state-manager ${verb} --help`;
    if (token.kind === 'positional') problems.push(`${JSON.stringify(token.value)} is no option; ${see}`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (booleans.includes(name) && value === undefined) given.add(name);
    else if (booleans.includes(name)) problems.push(`${rawName} takes no value`);
    else if (!texts.includes(name)) problems.push(`${rawName} is no option of ${verb}; ${see}`);
    else if (value === undefined) problems.push(`${rawName} needs a value`);
    else if (name === 'file') file = readPath(value, problems);
    else shared.push(`--${name}=${value}`);
  }
  return { problems, shared, file, replace: given.has('replace'), isHelp: given.has('help') };
}

function readPath(value: string, problems: string[]): string {
  try {
    path(value);
  } catch (error) {
    problems.push(`--file ${(error as Error).message}, not ${JSON.stringify(value)}`);
  }
  return value;
}
