import { toJson, type DescMessage, type JsonObject, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { usageError } from '../failure.ts';
import { didYouMean } from '../suggest.ts';
import type { Out } from './out.ts';

/** How something is printed. */
export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** Reads `-o`. Throws a usage error with a suggestion. */
export function readFormat(text: string | undefined, allowed: readonly Format[]): Format {
  if (text === undefined) return allowed[0] ?? 'table';
  const format = allowed.find((one) => one === text.toLowerCase());
  if (format !== undefined) return format;
  throw usageError(`-o ${text} cannot be printed`, ...didYouMean(text, allowed), `Formats are ${allowed.join(', ')}.`);
}

/** A message as the API's JSON. Fields that are empty are there too: whoever reads it need not ask. */
export function jsonOf<D extends DescMessage>(schema: D, message: MessageShape<D>): JsonObject {
  return toJson(schema, message, { alwaysEmitImplicit: true }) as JsonObject;
}

/** Prints a value as JSON or YAML. */
export async function printValue(out: Out, format: 'json' | 'yaml', value: JsonValue): Promise<void> {
  out.raw(format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : await yamlOf(value));
}

/** Prints one of many values: a line of JSON, or a document of YAML. */
export async function printOneOfMany(out: Out, format: 'json' | 'yaml', value: JsonValue): Promise<void> {
  out.raw(format === 'json' ? `${JSON.stringify(value)}\n` : `---\n${await yamlOf(value)}`);
}

async function yamlOf(value: JsonValue): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0 });
}
