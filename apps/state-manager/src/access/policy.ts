import { parse as parseYaml } from 'yaml';
import { isName, NAME_RULE } from '@statemanager/state-machine';
import { ROLE_NAMES, type RoleName } from './roles.ts';

/** A caller whose name is known, and what it may. */
export interface Principal {
  readonly identity: string;
  readonly roles: ReadonlySet<RoleName>;
  /** The nodes that it may report as a node's agent. */
  readonly nodes: ReadonlySet<string>;
}

/** Names that a role is given to. */
interface Grant {
  readonly role: RoleName;
  readonly pattern: RegExp;
  /** The node that it is the agent of, where the pattern does not say it. */
  readonly node: string | undefined;
}

/** The longest file, in characters. */
const MAX_LENGTH = 1_048_576;
const MAX_IDENTITY_LENGTH = 253;
/** Each further one multiplies what a name that does not fit costs. */
const MAX_STARS_COUNT = 2;

/** Who has which role. */
export class Policy {
  readonly #grants: readonly Grant[];

  constructor(grants: readonly Grant[]) {
    this.#grants = grants;
  }

  /** What a name may. Nothing is granted to a name that no line fits. */
  principalOf(identity: string): Principal {
    const roles = new Set<RoleName>();
    const nodes = new Set<string>();
    if (identity.length > MAX_IDENTITY_LENGTH)
      return { identity: identity.slice(0, MAX_IDENTITY_LENGTH), roles, nodes };
    for (const { role, pattern, node } of this.#grants) {
      const match = pattern.exec(identity);
      if (match === null) continue;
      roles.add(role);
      const named = node ?? match.groups?.['node'];
      if (named !== undefined) nodes.add(named);
    }
    return { identity, roles, nodes };
  }
}

/**
 * Reads a policy: YAML with `roles`, and under each role the names that have it. In a name `*` stands for anything without a
 * slash, and `<node>` for the name of a node. Throws an error that says all that is wrong.
 */
export function parsePolicy(text: string): Policy {
  if (text.length > MAX_LENGTH) throw new Error(`it may be ${MAX_LENGTH} characters long`);
  const document = parseYaml(text, { maxAliasCount: 0 }) as unknown;
  if (!isRecord(document) || !isRecord(document['roles']))
    throw new Error('it must hold `roles:`, with names under each');
  const problems: string[] = [];
  for (const key of Object.keys(document)) if (key !== 'roles') problems.push(`${key} means nothing; only roles does`);
  const grants = Object.entries(document['roles']).flatMap(([role, names]) => readRole(role, names, problems));
  if (problems.length > 0) throw new Error(problems.join('; '));
  return new Policy(grants);
}

function readRole(name: string, entries: unknown, problems: string[]): readonly Grant[] {
  const role = ROLE_NAMES.find((known) => known === name);
  if (role === undefined) {
    problems.push(`${name} is no role; there are ${ROLE_NAMES.join(', ')}`);
    return [];
  }
  if (!Array.isArray(entries)) {
    problems.push(`${name} must be a list of names`);
    return [];
  }
  return entries.flatMap((entry: unknown) => {
    try {
      return [readGrant(role, entry)];
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
      return [];
    }
  });
}

function readGrant(role: RoleName, entry: unknown): Grant {
  const { identity, node, ...rest } = isRecord(entry) ? entry : { identity: entry };
  const [strange] = Object.keys(rest);
  if (strange !== undefined) throw new Error(`${strange} means nothing; there are identity and node`);
  if (typeof identity !== 'string' || identity === '' || identity.length > MAX_IDENTITY_LENGTH) {
    throw new Error(`${JSON.stringify(identity)} is no name of 1-${MAX_IDENTITY_LENGTH} characters`);
  }
  if (node !== undefined && (typeof node !== 'string' || !isName(node))) throw new Error(`node must be ${NAME_RULE}`);
  if (identity.split('*').length > 1 + MAX_STARS_COUNT) throw new Error(`${identity} has too many *`);
  const namesNode = identity.split('<node>').length - 1;
  if (namesNode > 1) throw new Error(`${identity} has <node> more than once`);
  if (role !== 'node-agent' && (namesNode > 0 || node !== undefined)) throw new Error('only a node-agent has a node');
  if (role === 'node-agent' && namesNode === 0 && node === undefined) {
    throw new Error(`${identity} does not say of which node: write <node> into it, or give it an identity and a node`);
  }
  return { role, pattern: patternOf(identity), node };
}

function patternOf(identity: string): RegExp {
  const escaped = identity.replace(/[.+?^$(){}|[\]\\]/g, '\\$&');
  const source = escaped.replaceAll('*', '[^/]*').replace('<node>', '(?<node>[A-Za-z0-9][A-Za-z0-9._-]{0,252})');
  return new RegExp(`^${source}$`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
