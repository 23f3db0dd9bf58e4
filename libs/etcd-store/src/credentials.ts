import { StoreError } from '@statemanager/state-store';

/** How to speak TLS with etcd. Texts and bytes are PEM. Without anything, the system's authorities are trusted. */
export interface EtcdTls {
  /** The authorities that etcd's certificate may come from. */
  readonly ca?: string | Uint8Array;
  /** The certificate of this client, with its chain, where etcd wants one (`--client-cert-auth`); `key` goes with it. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that etcd's certificate must have, if it is not the one in the host's address. */
  readonly serverName?: string;
}

/** A user of etcd. */
export interface EtcdAuth {
  readonly username: string;
  readonly password: string;
}

/** How this client proves who it is, and finds out who answers. */
export interface EtcdCredentials {
  readonly tls?: EtcdTls | undefined;
  readonly auth?: EtcdAuth | undefined;
}

/** What the channel is told of TLS: options of etcd3. */
export interface SecureOptions {
  readonly credentials: { rootCertificate: Buffer; privateKey?: Buffer; certChain?: Buffer };
  readonly grpcOptions: { readonly 'grpc.ssl_target_name_override'?: string };
}

/** What etcd3 and gRPC call it all. */
export function secureOptionsOf({ ca, cert, key, serverName }: EtcdTls): SecureOptions {
  return {
    credentials: {
      // gRPC takes null for the system's authorities; etcd3's types do not know that.
      rootCertificate: (ca === undefined ? null : Buffer.from(ca)) as Buffer,
      ...(cert === undefined ? {} : { certChain: Buffer.from(cert) }),
      ...(key === undefined ? {} : { privateKey: Buffer.from(key) }),
    },
    grpcOptions: serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName },
  };
}

/** Throws `invalid_argument`, without a secret in it, if half of a pair is missing. */
export function assertCredentials({ tls, auth }: EtcdCredentials): void {
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw new StoreError('invalid_argument', "a client's certificate and its key go together");
  }
  if (auth !== undefined && (auth.username === '' || auth.password === '')) {
    throw new StoreError('invalid_argument', 'a user of etcd has a name and a password');
  }
}
