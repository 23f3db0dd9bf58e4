import type { PackageState } from '@statemanager/state-machine';
import { problemsIn } from './problems.ts';

/** Reads one value; what it throws says, after the setting's name, what the value must be. */
export type Parser<T> = (text: string) => T;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where state is kept. */
export type StoreUrl =
  | { readonly type: 'memory' }
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'etcd'; readonly hosts: readonly string[] };

export const text: Parser<string> = (value) => {
  if (value === '' || value.length > 253) throw new Error('must be 1-253 characters');
  return value;
};

export const path: Parser<string> = (value) => {
  if (value === '' || value.includes('\0')) throw new Error('must be a path');
  return value;
};

export function integer(least: number, most: number): Parser<number> {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw new Error(`must be an integer from ${least} to ${most}`);
    return number;
  };
}

export function choice<T extends string>(...choices: readonly T[]): Parser<T> {
  return (value) => {
    const chosen = choices.find((c) => c.toLowerCase() === value.toLowerCase());
    if (chosen === undefined) throw new Error(`must be one of ${choices.join(', ').toLowerCase()}`);
    return chosen;
  };
}

export const exitCodes: Parser<ReadonlySet<number>> = (value) => {
  const codes = value.split(',').map((code) => code.trim());
  if (!codes.every((code) => /^\d{1,3}$/.test(code) && Number(code) <= 255)) {
    throw new Error('must be exit codes from 0 to 255, separated by commas');
  }
  return new Set(codes.map(Number));
};

const RECONCILE_STATES = ['Error', 'Degraded'] as const;

export const packageStates: Parser<ReadonlySet<PackageState>> = (value) => {
  const states = value.split(',').map((name) => {
    const state = RECONCILE_STATES.find((s) => s.toLowerCase() === name.trim().toLowerCase());
    if (state === undefined) throw new Error('must be error, degraded, or both, separated by a comma');
    return state;
  });
  return new Set(states);
};

export const address: Parser<Address> = (value) => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})$/.exec(value);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || !(port <= 65_535)) throw new Error('must be <host:port>');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
};

export const url: Parser<string> = (value) => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new Error('must be a URL such as http://127.0.0.1:47001');
  }
  return value;
};

export const storeUrl: Parser<StoreUrl> = (value) => {
  const colon = value.indexOf(':');
  const type = value.slice(0, colon);
  const rest = value.slice(colon + 1);
  if (type === 'memory' && rest === '') return { type };
  if (type === 'sqlite' && rest !== '' && !rest.includes('\0')) return { type, path: rest };
  if (type === 'etcd') {
    const hosts = rest.split(',');
    if (hosts.every((host) => problemsIn(() => address(host)).length === 0)) return { type, hosts };
  }
  throw new Error('must be sqlite:<path>, etcd:<host:port>[,<host:port>…] or memory:');
};
