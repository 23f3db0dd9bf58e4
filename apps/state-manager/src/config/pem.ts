import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { saying } from './problems.ts';

/** Throws, naming its setting, if a file holds no certificate. Node would trust nobody instead, and say nothing. */
export function assertAuthorities(setting: string, ca: Buffer | string): void {
  saying(`--${setting} holds no certificate`, () => new X509Certificate(ca));
}

/** Throws, naming their settings and nothing of what is in them, if a certificate and a key cannot be used together. */
export function assertIdentity(settings: readonly [string, string], cert: Buffer | string, key: Buffer | string): void {
  const [first, second] = settings;
  saying(`--${first} and --${second} cannot be used`, () => createSecureContext({ cert, key }));
}
