import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/**
 * Says what is wrong with the bytes of a message that could not be decoded, beginning with the field, such as
 * `containers[3].image: it is not valid UTF-8`. undefined if nothing is found: the decoder knew better.
 *
 * It reads everything a second time, so it is for messages that failed, not for every message.
 */
export function findFlaw(message: DescMessage, bytes: Uint8Array): string | undefined {
  return flawIn(message, bytes, '');
}

function flawIn(message: DescMessage, bytes: Uint8Array, path: string): string | undefined {
  const reader = new BinaryReader(bytes);
  const counts = new Map<DescField, number>();
  let where = path;
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const field = message.fields.find((known) => known.number === number);
      if (field === undefined) {
        reader.skip(wireType, number);
        continue;
      }
      where = placeOf(field, path, counts);
      const expected = wireTypeOf(field);
      if (wireType !== expected) return `${where}: it has wire type ${wireType}, and must have ${expected}`;
      if (wireType === WireType.LengthDelimited) {
        const flaw = flawOf(field, reader.bytes(), where);
        if (flaw !== undefined) return flaw;
      } else reader.skip(wireType, number);
    }
  } catch (error) {
    return `${where === '' ? 'the message' : where}: ${(error as Error).message}`;
  }
  return undefined;
}

function placeOf(field: DescField, path: string, counts: Map<DescField, number>): string {
  const place = path === '' ? field.name : `${path}.${field.name}`;
  if (field.fieldKind !== 'list') return place;
  const index = counts.get(field) ?? 0;
  counts.set(field, index + 1);
  return `${place}[${index}]`;
}

function flawOf(field: DescField, value: Uint8Array, where: string): string | undefined {
  if (field.fieldKind === 'map') return flawInEntry(value, where);
  if (field.message !== undefined) return flawIn(field.message, value, where);
  return field.scalar === ScalarType.STRING ? flawOfText(value, where) : undefined;
}

/** An entry of a map of texts, which is the only kind of map on this wire: its key is field 1, its value field 2. */
function flawInEntry(entry: Uint8Array, where: string): string | undefined {
  const reader = new BinaryReader(entry);
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (wireType !== WireType.LengthDelimited) return `${where}: an entry has wire type ${wireType} in it`;
      const flaw = flawOfText(reader.bytes(), `${where}, in ${number === 1 ? 'a key' : 'a value'}`);
      if (flaw !== undefined) return flaw;
    }
  } catch (error) {
    return `${where}: ${(error as Error).message}`;
  }
  return undefined;
}

function flawOfText(value: Uint8Array, where: string): string | undefined {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value);
    return undefined;
  } catch {
    return `${where}: it is not valid UTF-8`;
  }
}

function wireTypeOf(field: DescField): WireType {
  const isText = field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
  const isNumber = field.fieldKind === 'enum' || (field.fieldKind === 'scalar' && !isText);
  return isNumber ? WireType.Varint : WireType.LengthDelimited;
}
