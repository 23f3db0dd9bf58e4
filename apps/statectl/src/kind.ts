import { CONTAINER_STATES, isName, MODEL_STATES, NAME_RULE, STATES } from '@statemanager/state-machine';
import { usageError } from './failure.ts';
import { didYouMean } from './suggest.ts';

/** What the API shows, in the order of a listing. */
export const KINDS = ['scenario', 'package', 'model', 'node'] as const;
export type Kind = (typeof KINDS)[number];

/** What `get` can be asked for. */
export type ListedKind = Kind | 'definition';

/** One thing that the command line names. */
export interface Reference<K extends ListedKind = Kind> {
  readonly kind: K;
  readonly name: string;
}

/** How each kind may be written. The first is how help and completion write it. */
const SPELLINGS: Readonly<Record<ListedKind, readonly string[]>> = {
  scenario: ['scenarios', 'scenario', 'sc', 's'],
  package: ['packages', 'package', 'pkg', 'pkgs', 'pk', 'p'],
  model: ['models', 'model', 'mo', 'm'],
  node: ['nodes', 'node', 'no', 'n'],
  definition: ['definitions', 'definition', 'defs', 'def', 'd'],
};

const KIND_BY_SPELLING: ReadonlyMap<string, ListedKind> = new Map(
  (Object.keys(SPELLINGS) as ListedKind[]).flatMap((kind) => SPELLINGS[kind].map((word) => [word, kind] as const)),
);

/** How a kind is written where many of it are meant. */
export function pluralOf(kind: ListedKind): string {
  return `${kind}s`;
}

/** Reads a kind, singular, plural or short, in any case. Throws a usage error with a suggestion. */
export function readKind<K extends ListedKind>(text: string, allowed: readonly K[]): K {
  const kind = KIND_BY_SPELLING.get(text.toLowerCase());
  const found = allowed.find((one) => one === kind);
  if (found !== undefined) return found;
  const words = allowed.map((one) => SPELLINGS[one][0] ?? one);
  throw usageError(
    kind === undefined ? `there is no kind "${text}"` : `${pluralOf(kind)} cannot be used here`,
    ...didYouMean(
      text,
      allowed.flatMap((one) => SPELLINGS[one].filter((word) => word.length > 2)),
    ),
    `Kinds are ${words.join(', ')}.`,
  );
}

/** Reads a name as the server would. Throws a usage error. */
export function readName(text: string): string {
  if (isName(text)) return text;
  throw usageError(`"${text}" is no name: a name must be ${NAME_RULE}`);
}

/**
 * Reads `kind/name …` or `kind name …`. `alone` is the kind of a word that stands without one. Throws a usage error.
 */
export function readReferences<K extends ListedKind>(
  words: readonly string[],
  allowed: readonly K[],
  alone?: K,
): Reference<K>[] {
  const [first = '', ...rest] = words;
  const separate = rest.length > 0 && words.every((word) => !word.includes('/'));
  if (separate && (alone === undefined || KIND_BY_SPELLING.has(first.toLowerCase()))) {
    const kind = readKind(first, allowed);
    return rest.map((name) => ({ kind, name: readName(name) }));
  }
  return words.map((word) => readReference(word, allowed, alone));
}

/** Reads one `kind/name`. Throws a usage error. */
export function readReference<K extends ListedKind>(word: string, allowed: readonly K[], alone?: K): Reference<K> {
  const slash = word.indexOf('/');
  if (slash < 0 && alone !== undefined) return { kind: alone, name: readName(word) };
  if (slash < 0) throw usageError(`"${word}" names no kind`, `Write it as kind/name, such as ${allowed[0]}/${word}.`);
  return { kind: readKind(word.slice(0, slash), allowed), name: readName(word.slice(slash + 1)) };
}

/** The states of some kinds. A node has none. */
export function statesOf(kinds: readonly Kind[]): string[] {
  return [...new Set(kinds.flatMap((kind): readonly string[] => (kind === 'node' ? [] : STATES[kind])))];
}

/** Reads a state of one of these kinds, in any case. Throws a usage error with a suggestion. */
export function readState(text: string, kinds: readonly Kind[]): string {
  return readOneOf(text, statesOf(kinds), kinds.length === 1 ? `state of a ${kinds[0]}` : 'state');
}

/** Reads a container's state. Throws a usage error with a suggestion. */
export function readContainerState(text: string): string {
  return readOneOf(text, CONTAINER_STATES, 'state of a container');
}

/** Reads a model's state. Throws a usage error with a suggestion. */
export function readModelState(text: string): string {
  return readOneOf(text, MODEL_STATES, 'state of a model');
}

function readOneOf(text: string, known: readonly string[], what: string): string {
  const state = known.find((one) => one.toLowerCase() === text.toLowerCase());
  if (state !== undefined) return state;
  const allowed = known.length === 0 ? 'It has none.' : `States are ${known.join(', ')}.`;
  throw usageError(`"${text}" is no ${what}`, ...didYouMean(text, known), allowed);
}
