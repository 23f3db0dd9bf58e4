import type { Command, Option } from 'commander';
import { createProgram } from '../cli/program.ts';
import { CONTAINER_STATES, MODEL_STATES } from '@statemanager/state-machine';
import { KINDS, pluralOf, readKind, statesOf, type Kind, type ListedKind } from '../kind.ts';

/** Asks for the names of a kind that begin so; gives none where nobody answers. */
export type AskNames = (kind: Kind, prefix: string) => Promise<readonly string[]>;

export interface Live {
  readonly names: AskNames;
  readonly contexts: () => Promise<readonly string[]>;
}

/**
 * What may stand in the place of the last of these words, which follow `statectl`. Gives nothing where only a file or a
 * new name can stand.
 */
export async function complete(words: readonly string[], live: Live): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const program = createProgram(() => undefined);
  const { command, operands, pending } = follow(program, words.slice(0, -1));
  const candidates = pending
    ? await valuesOf(pending, operands, typed, live)
    : await anyOf(command, operands, typed, live);
  return [...new Set(candidates)].filter((word) => word.startsWith(typed)).sort();
}

interface Position {
  readonly command: Command;
  readonly operands: readonly string[];
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
}

/** Walks along the words: which command, with which arguments, in the midst of which option. */
function follow(program: Command, words: readonly string[]): Position {
  let command = program;
  let pending: Option | undefined;
  const operands: string[] = [];
  for (const word of words) {
    const option = word.startsWith('-') ? optionsOf(command).find((one) => isNamed(one, word)) : undefined;
    if (pending !== undefined) pending = undefined;
    else if (option !== undefined) pending = option.required ? option : undefined;
    else if (!word.startsWith('-')) {
      const child = operands.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (child === undefined) operands.push(word);
      else command = child;
    }
  }
  return { command, operands, pending };
}

function isNamed({ short, long }: Option, word: string): boolean {
  return word === short || word === long;
}

function optionsOf(command: Command): readonly Option[] {
  return command.parent === null ? command.options : [...command.options, ...optionsOf(command.parent)];
}

async function anyOf(command: Command, operands: readonly string[], typed: string, live: Live): Promise<string[]> {
  const [, flag, value] = /^(--[a-z-]+=)(.*)$/.exec(typed) ?? [];
  if (flag !== undefined && value !== undefined) {
    const option = optionsOf(command).find((one) => isNamed(one, flag.slice(0, -1)));
    const values = option === undefined ? [] : await valuesOf(option, operands, value, live);
    return values.map((one) => `${flag}${one}`);
  }
  if (typed.startsWith('-'))
    return optionsOf(command)
      .flatMap(({ long }) => long ?? [])
      .concat('--help');
  const children = command.commands.map((one) => one.name());
  return children.length > 0 ? children : argumentsOf(command, operands, typed, live);
}

const REFERENCES: Readonly<Record<string, readonly Kind[]>> = {
  describe: KINDS,
  explain: ['scenario', 'package', 'model'],
  history: ['scenario', 'package', 'model'],
  wait: KINDS,
  delete: KINDS,
  set: ['scenario', 'package', 'model'],
  retry: ['package'],
  pause: ['package'],
  resume: ['package'],
};

const GET_KINDS: readonly ListedKind[] = [...KINDS, 'definition'];

async function argumentsOf(
  command: Command,
  operands: readonly string[],
  typed: string,
  live: Live,
): Promise<string[]> {
  const name = command.name();
  const [first] = operands;
  const kinds = REFERENCES[name];
  if (name === 'set' && first !== undefined)
    return statesOf(kindsIn(operands, KINDS)).map((state) => state.toLowerCase());
  if (kinds !== undefined) return referencesOf(kinds, typed, live);
  if (name === 'get' || name === 'watch') {
    if (first === undefined && !typed.includes('/')) return GET_KINDS.map(pluralOf);
    if (first === undefined || first.includes('/')) return referencesOf(KINDS, typed, live);
    return (await Promise.all(kindsIn([first], []).map((kind) => live.names(kind, typed)))).flat();
  }
  if (name === 'events') return REFERENCES['history']?.map(pluralOf) ?? [];
  if (name === 'completion') return ['bash', 'zsh', 'fish'];
  return ['use-context', 'set-context', 'delete-context'].includes(name) ? [...(await live.contexts())] : [];
}

/** `kind/`, then `kind/name`. */
async function referencesOf(kinds: readonly Kind[], typed: string, live: Live): Promise<string[]> {
  const slash = typed.indexOf('/');
  if (slash < 0) return kinds.map((kind) => `${kind}/`);
  const written = typed.slice(0, slash);
  const found = kindsIn([written], []);
  const names = await Promise.all(found.map((kind) => live.names(kind, typed.slice(slash + 1))));
  return names.flat().map((name) => `${written}/${name}`);
}

async function valuesOf(option: Option, operands: readonly string[], typed: string, live: Live): Promise<string[]> {
  switch (option.attributeName()) {
    case 'output':
      return option.description.split(/, | or /);
    case 'state':
      return listed(typed, statesOf(kindsIn(operands.slice(0, 1), KINDS)));
    case 'for':
      return [...listed(typed, statesOf(kindsIn(operands, KINDS))), 'deleted'];
    case 'current':
      return statesOf(kindsIn(operands, KINDS));
    case 'context':
      return [...(await live.contexts())];
    case 'package':
      return [...(await live.names('package', typed))];
    case 'node':
      return [...(await live.names('node', typed))];
    case 'model':
      return suppose(typed, MODEL_STATES, () => live.names('model', typed));
    case 'container':
      return suppose(typed, CONTAINER_STATES, async () => (await live.names('node', typed)).map((name) => `${name}/`));
    default:
      return [];
  }
}

/** After the last comma, any of these. */
function listed(typed: string, states: readonly string[]): string[] {
  const before = typed.slice(0, typed.lastIndexOf(',') + 1);
  return states.map((state) => `${before}${state}`);
}

/** `what=` and then a state. */
async function suppose(
  typed: string,
  states: readonly string[],
  what: () => Promise<readonly string[]>,
): Promise<string[]> {
  const equals = typed.indexOf('=');
  return equals < 0 ? [...(await what())] : states.map((state) => `${typed.slice(0, equals)}=${state}`);
}

/** The kinds that words begin with, or stand for; the others if there are none. */
function kindsIn(words: readonly string[], others: readonly Kind[]): readonly Kind[] {
  const found = words
    .flatMap((word) => (word.split('/')[0] ?? '').split(','))
    .flatMap((word) => {
      try {
        return readKind(word, KINDS);
      } catch {
        return [];
      }
    });
  return found.length === 0 ? others : found;
}
