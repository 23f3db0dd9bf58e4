import { usageError } from '../failure.ts';

/** Where StateManager answers if nobody says otherwise. */
export const DEFAULT_SERVER = '127.0.0.1:47006';

const DEFAULT_PORT = 47006;
const ADDRESS = /^(?:http:\/\/)?(\[[0-9a-fA-F:.]+\]|[^\s:/,[\]]+)(?::(\d{1,5}))?\/?$/;

/**
 * Reads `host:port[,host:port…]`; a port that is not given is 47006, an IPv6 address stands in brackets. Throws a usage
 * error.
 */
export function readAddresses(text: string): string[] {
  const words = text.split(',').map((word) => word.trim());
  return [...new Set(words.map((word) => readAddress(word, text)))];
}

function readAddress(word: string, text: string): string {
  const [, host, port = String(DEFAULT_PORT)] = ADDRESS.exec(word) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    const hint = word.startsWith('https:')
      ? 'Write host:port, and say by --ca that it speaks TLS.'
      : `Write it as host:port[,host:port…], such as ${DEFAULT_SERVER}.`;
    throw usageError(`"${text}" is no server`, hint);
  }
  return `${host}:${port}`;
}
