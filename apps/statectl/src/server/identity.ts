import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { usageError } from '../failure.ts';

/** The files that say how to speak TLS, and who asks; each may be left out. */
export interface IdentityFiles {
  /** PEM of the authorities that the server's certificate may come from. */
  readonly ca?: string | undefined;
  /** PEM of the certificate to show, and of its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** A bearer token. */
  readonly tokenFile?: string | undefined;
}

/** The files that are named in something that names more. */
export function filesIn({ ca, cert, key, tokenFile }: IdentityFiles): IdentityFiles {
  return Object.fromEntries(Object.entries({ ca, cert, key, tokenFile }).filter(([, file]) => file !== undefined));
}

/** What the files say. */
export interface Identity {
  /** undefined: no TLS. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  readonly token: string | undefined;
}

/** No TLS, and no name. */
export const NO_IDENTITY: Identity = { tls: undefined, token: undefined };

/** Reads the files. Throws a usage error that names the one that cannot be used. */
export function readIdentity({ ca, cert, key, tokenFile }: IdentityFiles): Identity {
  if ((cert === undefined) !== (key === undefined)) throw usageError('--cert and --key go together');
  const isTls = ca !== undefined || cert !== undefined;
  const token = tokenFile === undefined ? undefined : read(tokenFile).toString().trim();
  if (token === '') throw usageError(`${tokenFile} holds no token`);
  if (token !== undefined && !isTls) throw usageError('a token is sent over TLS only: give --ca as well');
  const tls = {
    ...(ca !== undefined && { ca: read(ca) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
  };
  try {
    if (isTls) createSecureContext(tls);
  } catch (error) {
    const files = [ca, cert, key].filter((file) => file !== undefined).join(', ');
    throw usageError(`${files} cannot be used: ${(error as Error).message}`);
  }
  return { tls: isTls ? tls : undefined, token };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
