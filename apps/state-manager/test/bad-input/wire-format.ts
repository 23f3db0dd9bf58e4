/*
 * Messages written by hand, byte by byte, so that a test can send what no library would.
 */

/** A field of a length and its bytes: a text, or a message. */
export function bytesField(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** A field of a whole number. */
export function numberField(number: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

/** One entry of a map of texts. */
export function entryField(number: number, key: Uint8Array | string, value: Uint8Array | string): Buffer {
  return bytesField(number, Buffer.concat([bytesField(1, key), bytesField(2, value)]));
}

/** A number in base 128; a negative one in ten bytes, as int64 has it. */
export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A gRPC frame: a flag, the length, the message. Both can be wrong. */
export function frame(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** Bytes that are no UTF-8. */
export const NOT_UTF8 = Buffer.from([0x61, 0xff, 0xfe, 0x62]);

/** A StateChange that is right, with some fields replaced by others; `undefined` leaves one out. */
export function stateChange(replaced: Readonly<Record<number, Uint8Array | undefined>> = {}): Buffer {
  const right: Record<number, Uint8Array | undefined> = {
    1: numberField(1, 1),
    2: bytesField(2, 'victim'),
    4: bytesField(4, 'idle'),
    5: bytesField(5, 'raw-1'),
    6: numberField(6, 1),
    7: bytesField(7, 'raw'),
  };
  return Buffer.concat(Object.values({ ...right, ...replaced }).filter((field) => field !== undefined));
}
