import { Code, ConnectError } from '@connectrpc/connect';
import type { Component } from '@statemanager/state-machine';
import { FORWARDED_BY, HELD_MS, NEWER_THAN, ON_BEHALF_OF } from '../replicas/headers.ts';
import type { Policy, Principal } from './policy.ts';
import { permissionFor, roleOf, type Permission } from './roles.ts';
import type { Tokens } from './tokens.ts';

/** How a header is found, by its name in lower case. */
export type HeaderOf = (name: string) => string | undefined;

/** Why a call was refused. */
export type Refusal = 'unauthenticated' | 'permission_denied';

/** Who may do what; without a policy, everybody everything. */
export class Access {
  #policy: Policy | undefined;
  #tokens: Tokens | undefined;
  /** How many calls were refused, and why; whoever answers a refusal counts it. */
  readonly refusedCounts: Record<Refusal, number> = { unauthenticated: 0, permission_denied: 0 };

  constructor(policy: Policy | undefined, tokens: Tokens | undefined) {
    this.#policy = policy;
    this.#tokens = tokens;
  }

  /** Whether callers have to say who they are. */
  get isGuarded(): boolean {
    return this.#policy !== undefined;
  }

  /** Takes what a file says now, from the next call on. */
  replace({ policy, tokens }: { readonly policy?: Policy; readonly tokens?: Tokens }): void {
    this.#policy = policy ?? this.#policy;
    this.#tokens = tokens ?? this.#tokens;
  }

  /**
   * Who makes a call, if they may; undefined where nobody is asked. `certificate` is the name in a verified certificate; a
   * token counts before it. Another StateManager may make a call in somebody's name: then that one is who makes it.
   *
   * Throws ConnectError: UNAUTHENTICATED without a name, PERMISSION_DENIED if the name may not.
   */
  admit(path: string, certificate: string | undefined, header: HeaderOf): Principal | undefined {
    const principal = this.identify(path, certificate, header);
    this.assertMay(principal, path);
    return principal;
  }

  /** As {@link admit}, with 'refused' instead of an error: for whoever gives such a call to somebody who words it. */
  tryAdmit(path: string, certificate: string | undefined, header: HeaderOf): Principal | undefined | 'refused' {
    try {
      return this.admit(path, certificate, header);
    } catch {
      return 'refused';
    }
  }

  /** Who makes a call, whether or not they may. Throws as {@link admit} does. */
  identify(path: string, certificate: string | undefined, header: HeaderOf): Principal | undefined {
    const policy = this.#policy;
    const permission = permissionFor(path);
    if (policy === undefined || permission === 'open') return undefined;
    const caller = policy.principalOf(this.#nameOf(certificate, header('authorization')));
    return this.#represented(policy, caller, permission, header);
  }

  /** Throws PERMISSION_DENIED if somebody may not make a call. */
  assertMay(principal: Principal | undefined, path: string): void {
    if (principal === undefined) return;
    const permission = permissionFor(path);
    if (permission === undefined || !may(principal, permission)) {
      const roles = [...principal.roles].join(', ');
      const has = roles === '' ? 'has no role' : `is ${roles}`;
      throw denied(`${principal.identity} ${has}, and may not call ${path} (--policy)`);
    }
  }

  #nameOf(certificate: string | undefined, authorization: string | undefined): string {
    if (authorization !== undefined) {
      const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      const identity = token === undefined ? undefined : this.#tokens?.identityOf(token);
      if (identity !== undefined) return identity;
      throw nameless('the bearer token is none of those in --tokens');
    }
    if (certificate !== undefined) return certificate;
    throw nameless('say who you are: with a client certificate (--tls-client-ca), or a bearer token (--tokens)');
  }

  /** In whose name a call is made. */
  #represented(policy: Policy, caller: Principal, permission: Permission | undefined, header: HeaderOf): Principal {
    const onBehalfOf = header(ON_BEHALF_OF);
    const isForwarded = [ON_BEHALF_OF, FORWARDED_BY, HELD_MS, NEWER_THAN].some((name) => header(name) !== undefined);
    if (!isForwarded) return caller;
    if (!caller.roles.has('replica')) {
      throw denied(`${caller.identity} may not forward calls: only who has the role replica may (--policy)`);
    }
    // What nodes say was checked where it came in, and carries no name from there.
    if (permission === 'report' && onBehalfOf === undefined) return caller;
    if (onBehalfOf === undefined) throw denied(`${caller.identity} forwards a call without saying whose it is`);
    return policy.principalOf(onBehalfOf);
  }
}

function nameless(message: string): ConnectError {
  return new ConnectError(message, Code.Unauthenticated);
}

function denied(message: string): ConnectError {
  return new ConnectError(message, Code.PermissionDenied);
}

function may({ roles }: Principal, permission: Permission): boolean {
  return [...roles].some((name) => roleOf(name).may.includes(permission));
}

/** Throws PERMISSION_DENIED if a caller may not say what a node's containers are. */
export function assertMayReport(principal: Principal | undefined, node: string): void {
  if (principal === undefined || mayReport(principal, node)) return;
  throw denied(`${principal.identity} may not report for node ${node} (--policy)`);
}

/** Whether a caller may say what a node's containers are. */
export function mayReport({ roles, nodes }: Principal, node: string): boolean {
  return [...roles].some((name) => {
    const { reports } = roleOf(name);
    return reports === 'any' || (reports === 'own' && nodes.has(node));
  });
}

/** As whom a caller may ask for a state: the components for scenarios, and the other kinds. */
export function asksAs({ roles }: Principal): {
  readonly components: readonly Component[];
  readonly kinds: readonly ('package' | 'model')[];
} {
  const all = [...roles].map(roleOf);
  return { components: all.flatMap(({ as }) => as), kinds: all.flatMap(({ sets }) => sets) };
}
