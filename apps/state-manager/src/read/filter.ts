import { isName, MAX_NAME_LENGTH, NAME_RULE, RESOURCE_KINDS, STATES } from '@statemanager/state-machine';
import type { v1 } from '@statemanager/proto';
import { READ_KINDS, type ReadKind } from './entries.ts';
import type { Facts } from './facts.ts';
import { FieldError } from './field-error.ts';

/** Which things are meant. */
export interface Filter {
  /** In the order of a listing. */
  readonly kinds: readonly ReadKind[];
  readonly namePrefix: string;
  readonly matches: (facts: Facts) => boolean;
}

/** How many kinds, and how many states, a filter may name: listings and watches keep it. */
const MAX_NAMED_COUNT = 100;

/** Reads a filter. Throws FieldError for what can match nothing. */
export function readFilter(filter: v1.ResourceFilter | undefined): Filter {
  for (const list of ['kinds', 'states'] as const) {
    if ((filter?.[list].length ?? 0) > MAX_NAMED_COUNT) {
      throw new FieldError(`filter.${list}`, `must be at most ${MAX_NAMED_COUNT}`);
    }
  }
  const kinds = (filter?.kinds ?? []).map((kind, i) => readKind(kind, `filter.kinds[${i}]`));
  const meant = READ_KINDS.filter((kind) => kinds.length === 0 || kinds.includes(kind));
  const states = new Set((filter?.states ?? []).map((state, i) => readState(meant, state, `filter.states[${i}]`)));
  const { namePrefix = '', package: packageName = '', stale } = filter ?? {};
  if (namePrefix.length > MAX_NAME_LENGTH) {
    throw new FieldError('filter.name_prefix', `must be at most ${MAX_NAME_LENGTH} characters`);
  }
  if (packageName !== '' && !isName(packageName)) throw new FieldError('filter.package', `must be ${NAME_RULE}`);
  return {
    kinds: meant,
    namePrefix,
    matches: (facts) =>
      meant.includes(facts.kind) &&
      facts.name.startsWith(namePrefix) &&
      (states.size === 0 || states.has(facts.state)) &&
      (packageName === '' || facts.packages.includes(packageName)) &&
      (stale === undefined || facts.stale === stale),
  };
}

/** Reads a kind in any case. */
export function readKind<K extends ReadKind = ReadKind>(
  text: string,
  field: string,
  kinds: readonly K[] = READ_KINDS as readonly ReadKind[] as readonly K[],
): K {
  const kind = kinds.find((k) => k === text.toLowerCase());
  if (kind !== undefined) return kind;
  throw new FieldError(field, `${JSON.stringify(text.slice(0, 64))} is no kind`, kinds);
}

const DEFAULT_PAGE_SIZE = 500;
const MAX_PAGE_SIZE = 1000;

/** Reads how much one page of a listing may hold. */
export function readPageSize(size: number): number {
  if (size === 0) return DEFAULT_PAGE_SIZE;
  if (size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new FieldError('page_size', `must be from 1 to ${MAX_PAGE_SIZE}, or 0 for ${DEFAULT_PAGE_SIZE}`);
}

/** Reads a name. */
export function readName(text: string, field: string): string {
  if (isName(text)) return text;
  throw new FieldError(field, `must be ${NAME_RULE}`);
}

function readState(kinds: readonly ReadKind[], text: string, field: string): string {
  const allowed = RESOURCE_KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) => [...STATES[kind]]);
  const bare = text.toLowerCase().replace(/^(scenario|package|model)_state_/, '');
  const state = allowed.find((known) => known.toLowerCase() === bare);
  if (state !== undefined) return state;
  throw new FieldError(field, `${JSON.stringify(text.slice(0, 64))} is no state of these kinds`, [...new Set(allowed)]);
}
