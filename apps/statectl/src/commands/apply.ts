import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { readFiles, type SourceFile } from '../documents.ts';
import { EXIT, StatectlError, usageError } from '../failure.ts';
import { jsonOf, printValue, readFormat } from '../output/format.ts';
import { changeLines } from '../output/impact.ts';
import type { Out } from '../output/out.ts';
import { printable, printableLines } from '../output/printable.ts';
import type { Shell } from '../shell.ts';

export interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
  readonly output?: string;
}

/** `apply`: all documents of all files in one request, so that it is all of them or none. */
export async function apply({ servers, out }: Shell, options: ApplyOptions): Promise<number> {
  const format = readFormat(options.output, ['table', 'json', 'yaml', 'name']);
  const dryRun = options.dryRun === true;
  const files = await readFiles(options.filename);
  if (files.length === 0) throw usageError(`${options.filename.join(', ')} holds no .yaml or .yml file`);
  const joined = joinFiles(files);
  const request = { yaml: joined.yaml, dryRun };
  const answer = await servers
    .call(v1.DefinitionService, (client, call) => client.applyDefinitions(request, call))
    .catch((error: unknown) => {
      throw withPlaces(error, joined);
    });
  if (format === 'json' || format === 'yaml') {
    await printValue(out, format, jsonOf(v1.ApplyDefinitionsResponseSchema, answer));
    return EXIT.ok;
  }
  for (const definition of answer.definitions) {
    if (format === 'name') out.line(referenceOf(definition));
    else printDefinition(out, definition, dryRun);
  }
  if (dryRun && format === 'table') {
    out.line('');
    for (const line of changeLines(out, answer.changes)) out.line(line);
  }
  return EXIT.ok;
}

function referenceOf({ kind, name }: v1.AppliedDefinition): string {
  return printable(`${kind.toLowerCase()}/${name}`);
}

function printDefinition(out: Out, definition: v1.AppliedDefinition, dryRun: boolean): void {
  const { action, diff } = definition;
  const colour = action === 'unchanged' ? 'dim' : 'bold';
  const would = dryRun && action !== 'unchanged' ? 'would be ' : '';
  out.line(out.paint(`${referenceOf(definition)} ${would}${printable(action)}`, colour));
  if (!dryRun || action !== 'changed') return;
  for (const line of shortDiff(printableLines(diff))) {
    out.line(`  ${out.paint(line, line.startsWith('+') ? 'good' : line.startsWith('-') ? 'bad' : 'dim')}`);
  }
}

/** Lines around a difference that say where it is. */
const CONTEXT_LINES_COUNT = 3;

/** A diff without what is far from any difference. */
export function shortDiff(lines: readonly string[]): string[] {
  const isNear = lines.map((_, i) =>
    lines.slice(Math.max(0, i - CONTEXT_LINES_COUNT), i + CONTEXT_LINES_COUNT + 1).some((line) => /^[+-]/.test(line)),
  );
  return lines.flatMap((line, i) => {
    if (isNear[i] === true) return [line];
    return i === 0 || isNear[i - 1] === true ? ['…'] : [];
  });
}

/** Several files as one text, and where each begins in it. */
interface JoinedFiles {
  readonly yaml: string;
  readonly parts: readonly { readonly file: string; readonly beforeCount: number }[];
}

/** Puts files together. Each begins a document of its own. */
export function joinFiles(files: readonly SourceFile[]): JoinedFiles {
  const parts: { file: string; beforeCount: number }[] = [];
  let yaml = '';
  for (const { file, text } of files) {
    if (yaml !== '') yaml += yaml.endsWith('\n') ? '---\n' : '\n---\n';
    parts.push({ file, beforeCount: yaml.split('\n').length - 1 });
    yaml += text;
  }
  return { yaml, parts };
}

/** A refusal with its lines counted in the file that they are of. */
function withPlaces(error: unknown, { parts }: JoinedFiles): unknown {
  if (!(error instanceof ConnectError) || error.code !== Code.InvalidArgument) return error;
  const problems = error.rawMessage.replace(/^yaml:? /, '').split('; ');
  const placed = problems.map((problem) => printable(placeLines(problem, parts)));
  const [only = ''] = placed;
  if (placed.length === 1) return new StatectlError('failed', `nothing was applied: ${only}`, [], error);
  return new StatectlError(
    'failed',
    'nothing was applied',
    placed.map((problem) => `  ${problem}`),
    error,
  );
}

/** `line 7` of the joined text as `line 3 of b.yaml`. */
export function placeLines(problem: string, parts: JoinedFiles['parts']): string {
  return problem.replaceAll(/\bline (\d+)/g, (words, digits: string) => {
    const line = Number(digits);
    const part = parts.findLast(({ beforeCount }) => beforeCount < line);
    return part === undefined ? words : `line ${line - part.beforeCount} of ${part.file}`;
  });
}
