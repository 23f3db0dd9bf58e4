import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** Throws, naming its setting, if a file holds no certificate. Node would trust nobody instead, and say nothing. */
export function assertAuthorities(setting: string, ca: Buffer | string): void {
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new Error(`--${setting} holds no certificate: ${(cause as Error).message}`, { cause });
  }
}

/** Throws, naming their settings and nothing of what is in them, if a certificate and a key cannot be used together. */
export function assertIdentity(settings: readonly [string, string], cert: Buffer | string, key: Buffer | string): void {
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const [first, second] = settings;
    throw new Error(`--${first} and --${second} cannot be used: ${(cause as Error).message}`, { cause });
  }
}
