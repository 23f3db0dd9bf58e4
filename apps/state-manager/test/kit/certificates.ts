import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that certifies whatever a test wants. */
export interface Authority {
  readonly folder: string;
  readonly ca: string;
  /** Certifies a subject such as `/CN=x`, with alternative names such as `URI:spiffe://x,DNS:y`. */
  issue(file: string, subject: string, names?: string): Certificate;
  /** What grpc-js needs to speak TLS, with a certificate or without. */
  credentials(certificate?: Certificate): grpc.ChannelCredentials;
  dispose(): void;
}

/** Makes an authority with `openssl`, in a folder of its own. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'));
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2');
  const ca = join(folder, 'ca.pem');
  return {
    folder,
    ca,
    issue(file, subject, names = '') {
      const usage = 'extendedKeyUsage=serverAuth,clientAuth\n';
      writeFileSync(join(folder, `${file}.ext`), names === '' ? usage : `${usage}subjectAltName=${names}\n`);
      openssl('req', ...newKey, '-subj', subject, '-keyout', `${file}.key`, '-out', `${file}.csr`);
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', `${file}.csr`, '-out', `${file}.pem`, ...signing, '-extfile', `${file}.ext`);
      return { cert: join(folder, `${file}.pem`), key: join(folder, `${file}.key`) };
    },
    credentials: (certificate) =>
      certificate === undefined
        ? grpc.credentials.createSsl(readFileSync(ca))
        : grpc.credentials.createSsl(readFileSync(ca), readFileSync(certificate.key), readFileSync(certificate.cert)),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
