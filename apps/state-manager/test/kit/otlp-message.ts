import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A field of a message, by its number in OTLP's own `.proto` files. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | number | bigint)[]>;

/** A request of OTLP's trace service as protobuf, in OTLP's JSON form: of a span what tests look at. */
export function otlpOf(body: Uint8Array): object {
  return { resourceSpans: messages(fieldsOf(body), 1).map(resourceSpans) };
}

function resourceSpans(fields: Fields): object {
  const [resource] = messages(fields, 1);
  return {
    resource: { attributes: resource === undefined ? [] : messages(resource, 1).map(attribute) },
    scopeSpans: messages(fields, 2).map((scope) => ({ spans: messages(scope, 2).map(span) })),
  };
}

function span(fields: Fields): object {
  return {
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentSpanId: hex(fields, 4),
    name: text(fields, 5),
    kind: fields.get(6)?.[0],
    attributes: messages(fields, 9).map(attribute),
  };
}

function attribute(fields: Fields): object {
  const [value] = messages(fields, 2);
  const said = value?.has(1) ? { stringValue: text(value, 1) } : { intValue: String(value?.get(3)?.[0]) };
  return { key: text(fields, 1), value: said };
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((one) => fieldsOf(one as Uint8Array));
}

function hex(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString('hex');
}

function text(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString();
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | number | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else if (type === WireType.Varint) values.push(Number(reader.int64()));
    else reader.skip(type, number);
  }
  return fields;
}
