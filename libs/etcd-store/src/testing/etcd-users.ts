import { Etcd3 } from 'etcd3';
import type { TestCertificates } from './test-certificates.ts';

/** The users of a test's etcd, by name. */
export type EtcdUsers = Readonly<Record<string, EtcdUser>>;

/** Any user but `root` may read and write the keys under its prefixes, and nothing else. etcd wants a `root`. */
export interface EtcdUser {
  readonly password: string;
  readonly prefixes?: readonly string[];
}

/** A client of etcd's own library, for what the store does not do. */
export function etcdAdmin(
  endpoint: string,
  tls?: TestCertificates,
  auth?: { readonly username: string; readonly password: string },
): Etcd3 {
  return new Etcd3({
    hosts: tls === undefined ? endpoint : `https://${endpoint}`,
    ...(auth === undefined ? {} : { auth }),
    ...(tls === undefined
      ? {}
      : {
          credentials: { rootCertificate: tls.client.ca, privateKey: tls.client.key, certChain: tls.client.cert },
        }),
  });
}

/** Adds the users, each with a role of its own, and has etcd ask for passwords from now on. */
export async function addUsers(endpoint: string, users: EtcdUsers, tls?: TestCertificates): Promise<void> {
  const admin = etcdAdmin(endpoint, tls);
  try {
    const authClient = admin.auth;
    for (const [name, { password, prefixes = [] }] of Object.entries(users)) {
      await authClient.userAdd({ name, password });
      await authClient.roleAdd({ name });
      for (const prefix of prefixes) await authClient.roleGrantPermission({ name, perm: permissionFor(prefix) });
      await authClient.userGrantRole({ user: name, role: name });
    }
    await authClient.authEnable();
  } finally {
    admin.close();
  }
}

function permissionFor(prefix: string): { permType: 'Readwrite'; key: Buffer; range_end: Buffer } {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return { permType: 'Readwrite', key: Buffer.from(prefix), range_end: end };
}
