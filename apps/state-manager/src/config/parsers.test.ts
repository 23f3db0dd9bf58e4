import { describe, expect, it } from 'vitest';
import {
  address,
  choice,
  exitCodes,
  integer,
  packageStates,
  path,
  storeUrl,
  text,
  url,
  type Parser,
} from './parsers.ts';

/** Values that a parser takes, with what they mean, and values that it refuses. */
const CASES: readonly {
  readonly name: string;
  readonly parser: Parser<unknown>;
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly string[];
  readonly says: RegExp;
}[] = [
  { name: 'text', parser: text, good: [['x', 'x']], bad: ['', 'x'.repeat(254)], says: /1-253 characters/ },
  { name: 'path', parser: path, good: [['./a b', './a b']], bad: ['', 'a\0b'], says: /a path/ },
  {
    name: 'integer',
    parser: integer(1, 100),
    good: [
      ['1', 1],
      ['100', 100],
      ['007', 7],
    ],
    bad: ['', '0', '101', '-1', '1.5', '1e2', '0x10', ' 1', '1n', 'NaN', '9'.repeat(400)],
    says: /an integer from 1 to 100/,
  },
  {
    name: 'choice',
    parser: choice('FAILED', 'DONE'),
    good: [
      ['failed', 'FAILED'],
      ['Done', 'DONE'],
    ],
    bad: ['', 'fail', 'failed '],
    says: /one of failed, done/,
  },
  {
    name: 'exit codes',
    parser: exitCodes,
    good: [
      ['0', new Set([0])],
      ['0, 143,255', new Set([0, 143, 255])],
    ],
    bad: ['', '0,', '256', '-1', '0;1', 'all'],
    says: /exit codes from 0 to 255/,
  },
  {
    name: 'package states',
    parser: packageStates,
    good: [
      ['error', new Set(['Error'])],
      ['Degraded, ERROR', new Set(['Degraded', 'Error'])],
    ],
    bad: ['', 'running', 'error,', 'error degraded'],
    says: /error, degraded, or both/,
  },
  {
    name: 'address',
    parser: address,
    good: [
      ['127.0.0.1:47006', { host: '127.0.0.1', port: 47_006 }],
      ['[::1]:0', { host: '::1', port: 0 }],
      ['a.b:65535', { host: 'a.b', port: 65_535 }],
    ],
    bad: ['', '47006', ':1', 'a:', 'a:65536', '::1:5', 'http://a:1', 'a b:1', 'a:1:2'],
    says: /<host:port>/,
  },
  {
    name: 'url',
    parser: url,
    good: [['http://127.0.0.1:47001', 'http://127.0.0.1:47001']],
    bad: ['', '127.0.0.1:47001', 'ftp://a', 'localhost:1'],
    says: /a URL such as/,
  },
  {
    name: 'store',
    parser: storeUrl,
    good: [
      ['memory:', { type: 'memory' }],
      ['sqlite:a:b.db', { type: 'sqlite', path: 'a:b.db' }],
      ['etcd:a:1,[::1]:2', { type: 'etcd', hosts: ['a:1', '[::1]:2'] }],
    ],
    bad: ['', 'memory', 'memory:x', 'sqlite:', 'etcd:', 'etcd:a', 'etcd:a:1,', 'redis:a:1'],
    says: /must be (sqlite:<path>|<host:port>)/,
  },
];

describe.each(CASES)('the parser of $name', ({ parser, good, bad, says }) => {
  it.each(good)('reads %j', (value, meaning) => expect(parser(value)).toEqual(meaning));

  it.each(bad)('refuses %j and says what it must be', (value) => expect(() => parser(value)).toThrow(says));
});
