import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { EXIT, usageError } from '../failure.ts';
import { readReferences } from '../kind.ts';
import { jsonOf, printValue, readFormat } from '../output/format.ts';
import type { Out } from '../output/out.ts';
import { printable } from '../output/printable.ts';
import { tableLines, type Cell } from '../output/table.ts';
import type { Servers } from '../server/servers.ts';
import type { Shell } from '../shell.ts';
import type { GetOptions } from './get.ts';

/** The kinds that are defined by documents. */
export const DEFINED_KINDS = ['scenario', 'package', 'model'] as const;

/** The most that the server gives at once. */
const PAGE_COUNT = 1000;

/** `get definitions`: documents as they are stored. YAML is the documents themselves, fit for `apply`. */
export async function getDefinitions(
  { servers, out }: Shell,
  words: readonly string[],
  options: GetOptions,
): Promise<number> {
  const format = readFormat(options.output, ['table', 'wide', 'json', 'yaml', 'name']);
  const { state, prefix, package: packageName, stale, watch } = options;
  if ([state, prefix, packageName, stale, watch].some((option) => option !== undefined)) {
    throw usageError('definitions have no states to filter or watch', 'Leave out every option but -o.');
  }
  const { definitions, missing } = await read(servers, words);
  if (format === 'json') {
    await printValue(out, format, { items: definitions.map((one) => jsonOf(v1.DefinitionSchema, one)) });
  } else if (format === 'yaml') {
    out.raw(definitions.map(({ yaml }) => yaml.replace(/\n?$/, '\n')).join('---\n'));
  } else if (format === 'name') {
    for (const definition of definitions) out.line(referenceOf(definition));
  } else {
    printTable(out, definitions, missing);
  }
  for (const name of missing) out.note(`error: not found: the definition of ${name}`);
  return missing.length > 0 ? EXIT.notFound : EXIT.ok;
}

async function read(
  servers: Servers,
  words: readonly string[],
): Promise<{ definitions: v1.Definition[]; missing: string[] }> {
  if (words.length === 0) return { definitions: await listAll(servers), missing: [] };
  const definitions: v1.Definition[] = [];
  const missing: string[] = [];
  for (const { kind, name } of readReferences(words, DEFINED_KINDS)) {
    try {
      const answer = await servers.call(v1.DefinitionService, (client, call) =>
        client.getDefinition({ kind, name }, call),
      );
      if (answer.definition !== undefined) definitions.push(answer.definition);
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
      missing.push(`${kind}/${name}`);
    }
  }
  return { definitions, missing };
}

async function listAll(servers: Servers): Promise<v1.Definition[]> {
  const definitions: v1.Definition[] = [];
  let pageToken = '';
  for (;;) {
    const request = { pageSize: PAGE_COUNT, pageToken };
    const page = await servers.call(v1.DefinitionService, (client, call) => client.listDefinitions(request, call));
    definitions.push(...page.definitions);
    pageToken = page.nextPageToken;
    if (pageToken === '') return definitions;
  }
}

function printTable(out: Out, definitions: readonly v1.Definition[], missing: readonly string[]): void {
  if (definitions.length === 0) {
    if (missing.length === 0) out.note('No definitions found.');
    return;
  }
  const rows = definitions.map((definition): Cell[] => [
    referenceOf(definition),
    String(definition.revision),
    definition.problem === '' ? '-' : { text: printable(definition.problem), colour: 'bad' },
  ]);
  for (const line of tableLines(['NAME', 'REVISION', 'PROBLEM'], rows, out.paint)) out.line(line);
}

function referenceOf({ kind, name }: v1.Definition): string {
  return printable(`${kind.toLowerCase()}/${name}`);
}
