import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { SETTINGS, type Config, type SettingName } from './schema.ts';

/** What the command line asks for. */
export type Command =
  | { readonly type: 'run'; readonly config: Config }
  | { readonly type: 'help' | 'version' }
  /** Every problem at once, each a sentence that names its setting and where it was given. */
  | { readonly type: 'bad'; readonly problems: readonly string[] };

type Given = ReadonlyMap<string, { readonly value: string; readonly where: string }>;

const names = Object.keys(SETTINGS) as SettingName[];

/** Reads flags, environment and file: a flag wins over the environment, which wins over the file. */
export function readCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const problems: string[] = [];
  const flags = readFlags(args, problems);
  if (flags.has('help')) return { type: 'help' };
  if (flags.has('version')) return { type: 'version' };
  const fromEnv = readEnvironment(env, problems);
  const file = flags.get('config') ?? fromEnv.get('config');
  const fromFile = file === undefined ? new Map<string, never>() : readFile(file.value, problems);
  const config: Record<string, unknown> = {};
  for (const name of names) {
    const given = flags.get(name) ?? fromEnv.get(name) ?? fromFile.get(name);
    const { parse, default: fallback } = SETTINGS[name];
    const value = given?.value ?? fallback;
    try {
      config[name] = value === undefined ? undefined : parse(value);
    } catch (error) {
      problems.push(`${given?.where ?? name} ${(error as Error).message}, not ${JSON.stringify(value)}`);
    }
  }
  if (problems.length > 0) return { type: 'bad', problems };
  return { type: 'run', config: config as unknown as Config };
}

/** The name of a setting's variable in the environment. */
export function variableOf(name: string): string {
  return `STATEMANAGER_${name.toUpperCase().replaceAll('-', '_')}`;
}

function readFlags(args: readonly string[], problems: string[]): Given {
  const options = Object.fromEntries([...names, 'config'].map((name) => [name, { type: 'string' as const }]));
  const booleans = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const;
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, ...booleans },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, { value: string; where: string }>();
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`${JSON.stringify(token.value)} is no option; see --help`);
    if (token.kind !== 'option') continue;
    if (Object.hasOwn(booleans, token.name)) given.set(token.name, { value: '', where: token.rawName });
    else if (!Object.hasOwn(options, token.name))
      problems.push(`${token.rawName} is no option${suggestion(token.name)}`);
    else if (token.value === undefined) problems.push(`${token.rawName} needs a value`);
    else given.set(token.name, { value: token.value, where: token.rawName });
  }
  return given;
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>, problems: string[]): Given {
  const given = new Map<string, { value: string; where: string }>();
  const known = new Map([...names, 'config'].map((name) => [variableOf(name), name]));
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('STATEMANAGER_') || value === undefined) continue;
    const name = known.get(variable);
    if (name === undefined) problems.push(`${variable} in the environment is no setting; see --help`);
    else given.set(name, { value, where: variable });
  }
  return given;
}

function readFile(file: string, problems: string[]): Given {
  const given = new Map<string, { value: string; where: string }>();
  try {
    const document = (parseYaml(readFileSync(file, 'utf8')) ?? {}) as unknown;
    if (typeof document !== 'object' || Array.isArray(document)) throw new Error('it must hold `name: value` lines');
    for (const [name, value] of Object.entries(document as object)) {
      if (!names.includes(name as SettingName)) problems.push(`${name} in ${file} is no setting${suggestion(name)}`);
      else given.set(name, { value: String(value), where: `${name} in ${file}` });
    }
  } catch (error) {
    problems.push(`config file ${file} cannot be read: ${(error as Error).message}`);
  }
  return given;
}

/** The setting that shares the most of its words with a mistyped one. */
function suggestion(name: string): string {
  const words = name.split('-');
  const score = (candidate: string): number => candidate.split('-').filter((word) => words.includes(word)).length;
  const best = names.reduce((a, b) => (score(b) > score(a) ? b : a));
  return score(best) > 0 ? `; did you mean --${best}?` : '; see --help';
}
