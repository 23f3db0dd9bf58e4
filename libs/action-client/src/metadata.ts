import { read } from './options.ts';

/** What HTTP/2 and gRPC keep for themselves, and what says how a message is packed. */
const reserved = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/** The headers that carry a call's metadata. Throws `invalid_argument` that names the entry. */
export function headersOf(metadata: Readonly<Record<string, string>> = {}): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata)) {
    if (!isFreeName(name)) {
      throw read.invalid(
        'a metadata name',
        name,
        'of a-z 0-9 _ . -, not begin with "grpc-" or end in "-bin", and not be reserved',
      );
    }
    if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) {
      throw read.invalid(`metadata "${name}"`, value, 'printable ASCII');
    }
    headers.set(name, value);
  }
  return headers;
}

function isFreeName(name: string): boolean {
  if (!/^[a-z0-9_.-]+$/.test(name) || name.startsWith('grpc-') || name.endsWith('-bin')) return false;
  return !reserved.has(name);
}
