import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** Where a connection keeps the name of its peer: HTTP/2 hands out its socket behind a proxy, which lets this through. */
const NAME = Symbol('the name in the peer’s certificate');

type Named = Socket & { [NAME]?: string | undefined };

/** Notes the name in the certificate that a peer has shown and that was verified. */
export function noteCertificate(socket: TLSSocket): void {
  if (socket.authorized) (socket as Named)[NAME] = nameIn(socket.getPeerCertificate());
}

/** The name in the verified certificate of a connection's peer; undefined if it has shown none. */
export function certificateOf(socket: Socket | undefined): string | undefined {
  return (socket as Named | undefined)?.[NAME];
}

/** The first URI of a certificate's alternative names, else the first DNS name, else the common name of its subject. */
function nameIn({ subjectaltname = '', subject }: Partial<PeerCertificate>): string | undefined {
  const names = subjectaltname.split(/, (?=(?:URI|DNS|IP Address|email|othername|DirName|Registered ID):)/);
  const first = (kind: string): string | undefined => names.find((name) => name.startsWith(kind))?.slice(kind.length);
  const common = subject?.CN as string | readonly string[] | undefined;
  const name = first('URI:') ?? first('DNS:') ?? (Array.isArray(common) ? undefined : (common as string | undefined));
  // Node quotes a name that could be mistaken for several. None that anybody means has to be.
  return name === undefined || name === '' || name.startsWith('"') ? undefined : name;
}
