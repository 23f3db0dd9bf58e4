/** The tag of `TxnResponse.responses`. */
const RESPONSES = 0x1a;

/**
 * A `TxnResponse` without what etcd answers to each operation. Nobody asks for that, and decoding the answers of a large
 * commit takes as long as encoding the commit.
 *
 * What is not a well-formed message stays as it is: the decoder has the error to say.
 */
export function withoutResponses(message: Buffer): Buffer {
  const kept: Buffer[] = [];
  let keptFrom = 0;
  let at = 0;
  while (at < message.length) {
    const begin = at;
    const tag = message[at] as number;
    const value = readVarint(message, at + 1);
    if (value === undefined) return message;
    const isLong = (tag & 7) === 2;
    // Nothing in the message is a fixed number, and no tag is longer than a byte.
    if (tag >= 0x80 || !(isLong || (tag & 7) === 0)) return message;
    at = isLong ? value.end + value.number : value.end;
    if (at > message.length) return message;
    if (tag !== RESPONSES) continue;
    if (begin > keptFrom) kept.push(message.subarray(keptFrom, begin));
    keptFrom = at;
  }
  if (keptFrom < at) kept.push(message.subarray(keptFrom, at));
  return Buffer.concat(kept);
}

function readVarint(message: Buffer, begin: number): { readonly number: number; readonly end: number } | undefined {
  let number = 0;
  for (let i = 0; i < 10; i += 1) {
    const byte = message[begin + i];
    if (byte === undefined) return undefined;
    number += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { number, end: begin + i + 1 };
  }
  return undefined;
}
