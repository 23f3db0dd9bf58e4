import type { TestCertificates } from './test-certificates.ts';

/** One running etcd, however it runs. */
export interface EtcdRunner {
  start(): Promise<void>;
  kill(): Promise<void>;
  readonly signal?: (name: 'SIGSTOP' | 'SIGCONT') => void;
}

/** What a runner needs to know. */
export interface EtcdSettings {
  readonly port: number;
  readonly peerPort: number;
  readonly dataDir: string;
  readonly flags: readonly string[];
  /** With `--client-cert-auth`. */
  readonly tls?: TestCertificates | undefined;
  /** Its name among several, and all of them, each `name=url`. Alone by default. */
  readonly name?: string;
  readonly initialCluster?: string;
}
