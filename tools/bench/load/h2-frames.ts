/** What the frames of HTTP/2 (RFC 9113) look like, as far as a client that only replays needs it. */
export const FRAME = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;
export const FRAME_HEAD_BYTES = 9;

/** How a connection begins: the preface, and settings that let the server send what it likes. */
export function connectionStart(): Buffer {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  return Buffer.concat([preface, frame(FRAME.settings, 0, 0, Buffer.alloc(0)), windowUpdate(0x7fff_0000 - 65_535)]);
}

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Allows the server so many more bytes on the whole connection. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}

/** The header block of a gRPC call, without the dynamic table: the same bytes for every call. */
export function callHeaders(path: string, authority: string): Buffer {
  const indexed = Buffer.from([0x83, 0x86]);
  return Buffer.concat([
    indexed,
    literal(0x04, path),
    literal(0x01, authority),
    Buffer.from([0x0f, 0x10]),
    text('application/grpc'),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
  ]);
}

/** A message as gRPC frames it: not compressed, with its length. */
export function grpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function literal(nameIndex: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([nameIndex]), text(value)]);
}

function text(value: string): Buffer {
  if (value.length > 126) throw new Error('longer texts would need more than one byte for their length');
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}
