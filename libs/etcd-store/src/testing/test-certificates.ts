import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates of one authority, for an etcd on loopback and for one client, as PEM files. */
export interface TestCertificates {
  readonly folder: string;
  readonly caFile: string;
  /** etcd's own, for 127.0.0.1, localhost and etcd.test. */
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  /** The client's. It names no user, so that it lets nobody in by itself. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** What a client needs, read. */
  readonly client: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  /** Removes the files. */
  dispose(): void;
}

const DAYS = '2';

/** Whether {@link makeTestCertificates} can: it needs `openssl`. */
export function opensslIsThere(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Makes an authority and two certificates of it, in a folder of their own. */
export function makeTestCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'test-certificates-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', DAYS];
  openssl('req', '-x509', ...newKey, ...ca, '-addext', 'basicConstraints=critical,CA:TRUE');
  const issue = (name: string, subject: string, extensions: string): void => {
    writeFileSync(file(`${name}.ext`), extensions);
    openssl('req', ...newKey, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', DAYS];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing, '-extfile', `${name}.ext`);
  };
  // etcd calls itself too, with the certificate that it shows to others.
  const both = 'extendedKeyUsage=serverAuth,clientAuth';
  issue('server', '/O=test server', `subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:etcd.test\n${both}\n`);
  issue('client', '/O=test client', 'extendedKeyUsage=clientAuth\n');
  return {
    folder,
    caFile: file('ca.pem'),
    serverCertFile: file('server.pem'),
    serverKeyFile: file('server.key'),
    clientCertFile: file('client.pem'),
    clientKeyFile: file('client.key'),
    client: {
      ca: readFileSync(file('ca.pem')),
      cert: readFileSync(file('client.pem')),
      key: readFileSync(file('client.key')),
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
