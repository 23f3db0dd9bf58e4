import { Code, ConnectError } from '@connectrpc/connect';
import type { v1 } from '@statemanager/proto';
import { EXIT, usageError } from '../failure.ts';
import { KINDS, pluralOf, readKind, readName, readReferences, readState, type ListedKind } from '../kind.ts';
import { FORMATS, readFormat } from '../output/format.ts';
import { printResources } from '../output/print-resources.ts';
import { getResource, listResources, type Filter, type Listing } from '../server/lists.ts';
import type { Shell } from '../shell.ts';

/** What restricts a list. */
export interface FilterOptions {
  readonly state?: readonly string[];
  /** A text, or true: the names are what names begin with. */
  readonly prefix?: string | true;
  readonly package?: string;
  readonly stale?: boolean;
}

export interface GetOptions extends FilterOptions {
  readonly output?: string;
  readonly watch?: boolean;
}

/** What a command line selects. */
export interface Selection {
  readonly kinds: readonly (typeof KINDS)[number][];
  /** Empty: all that the filter lets through. */
  readonly names: readonly { readonly kind: string; readonly name: string }[];
  readonly filter: Filter;
}

const LISTED: readonly ListedKind[] = [...KINDS, 'definition'];

/** `get`: resources by kind and name, once or as they change. */
export async function get(shell: Shell, words: readonly string[], options: GetOptions): Promise<number> {
  if (isAboutDefinitions(words)) {
    const { getDefinitions } = await import('./definitions.ts');
    return getDefinitions(shell, words.slice(1), options);
  }
  const format = readFormat(options.output, FORMATS);
  const selection = readSelection(words, options);
  if (options.watch === true) {
    const { watchSelection } = await import('./watch.ts');
    return watchSelection(shell, selection, format);
  }
  const { missing, ...listing } = await read(shell, selection);
  if (listing.resources.length > 0 || format === 'json' || format === 'yaml') {
    await printResources(shell.out, format, listing, shell.now());
  } else if (missing.length === 0) {
    shell.out.note(`No ${selection.kinds.map(pluralOf).join(', ')} found.`);
  }
  for (const name of missing) shell.out.note(`error: not found: ${name}`);
  return missing.length > 0 ? EXIT.notFound : EXIT.ok;
}

/** Whether the first word is the kind of documents. A word that is no kind at all is refused here, with all kinds named. */
function isAboutDefinitions([first]: readonly string[]): boolean {
  if (first === undefined || first === 'all' || /[/,]/.test(first)) return false;
  return readKind(first, LISTED) === 'definition';
}

/** Reads what to show, and refuses what contradicts itself. Throws a usage error. */
export function readSelection(words: readonly string[], options: FilterOptions): Selection {
  const { kinds, names } = readWords(words);
  const prefix = readPrefix(kinds, names, options.prefix);
  const restricts = options.state ?? options.package ?? options.stale ?? prefix;
  if (names.length > 0 && prefix === undefined && restricts !== undefined) {
    throw usageError(
      'names cannot be combined with --state, --package or --stale',
      'Leave out the names, or the options.',
    );
  }
  return {
    kinds,
    names: prefix === undefined ? names : [],
    filter: {
      kinds: [...kinds],
      states: (options.state ?? []).map((state) => readState(state, kinds)),
      namePrefix: prefix ?? '',
      package: options.package === undefined ? '' : readName(options.package),
      ...(options.stale === undefined ? {} : { stale: options.stale }),
    },
  };
}

function readWords(words: readonly string[]): Pick<Selection, 'kinds' | 'names'> {
  const [first, ...rest] = words;
  if (first === undefined || (first === 'all' && rest.length === 0)) return { kinds: KINDS, names: [] };
  if (first.includes('/')) {
    const names = readReferences(words, KINDS);
    return { kinds: KINDS.filter((kind) => names.some((name) => name.kind === kind)), names };
  }
  const kinds = new Set(first.split(',').map((word) => readKind(word, KINDS)));
  const names = rest.flatMap((name) => [...kinds].map((kind) => ({ kind, name: readName(name) })));
  return { kinds: KINDS.filter((kind) => kinds.has(kind)), names };
}

function readPrefix(
  kinds: Selection['kinds'],
  names: Selection['names'],
  option: FilterOptions['prefix'],
): string | undefined {
  if (option === undefined) return undefined;
  if (typeof option === 'string' && names.length === 0) return option;
  if (option === true && names.length === kinds.length) return names[0]?.name;
  throw usageError('--prefix takes one text', 'Write get packages --prefix web, or get packages web --prefix.');
}

/** What is selected, and the names of what is not there. */
interface Found extends Listing {
  readonly missing: readonly string[];
}

async function read(shell: Shell, selection: Selection): Promise<Found> {
  if (selection.names.length > 0) return getNamed(shell, selection);
  return { ...(await listResources(shell.servers, selection.filter)), missing: [] };
}

async function getNamed({ servers }: Shell, { names }: Selection): Promise<Found> {
  const resources: v1.Resource[] = [];
  const missing: string[] = [];
  let revision = 0n;
  for (const { kind, name } of names) {
    try {
      const answer = await getResource(servers, readKind(kind, KINDS), name);
      if (answer.resource !== undefined) resources.push(answer.resource);
      revision = answer.revision;
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
      missing.push(`${kind}/${name}`);
    }
  }
  return { resources, revision, missing };
}
