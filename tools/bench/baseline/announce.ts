import type { AddressInfo } from 'node:net';

/** Says where a baseline listens, as the service says it in its log. */
export function announce({ address, port }: AddressInfo): void {
  process.stdout.write(`${JSON.stringify({ listening: `${address}:${port}`, msg: 'listening' })}\n`);
}
