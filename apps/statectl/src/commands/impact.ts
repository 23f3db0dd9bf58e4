import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { v1 } from '@statemanager/proto';
import { readDocuments, type SourceDocument } from '../documents.ts';
import { EXIT, StatectlError, usageError } from '../failure.ts';
import { readContainerState, readModelState, readName } from '../kind.ts';
import { jsonOf, printValue, readFormat } from '../output/format.ts';
import { changeLines, rankingLines, reconcileLines } from '../output/impact.ts';
import { printable } from '../output/printable.ts';
import type { Shell } from '../shell.ts';

export interface ImpactOptions {
  readonly node?: readonly string[];
  readonly model?: readonly string[];
  readonly container?: readonly string[];
  readonly filename?: readonly string[];
  readonly rank?: number;
  readonly output?: string;
}

type Hypothesis = MessageInitShape<typeof v1.HypothesisSchema>;

/** `impact`: what would follow from hypotheses, taken together. */
export async function impact({ servers, out }: Shell, options: ImpactOptions): Promise<number> {
  const format = readFormat(options.output, ['table', 'json', 'yaml']);
  const documents = await readDecidingDocuments(options.filename ?? []);
  const hypotheses = [...documents.map(definitionOf), ...readHypotheses(options)];
  const rankNodes = options.rank ?? 0;
  if (hypotheses.length === 0 && rankNodes === 0) {
    throw usageError('nothing is supposed', 'Give --node, --model, --container or -f; or --rank n.');
  }
  const request = { hypotheses, rankNodes };
  const answer = await servers
    .call(v1.StateService, (client, call) => client.simulateImpact(request, call))
    .catch((error: unknown) => {
      throw withFiles(error, documents);
    });
  if (format === 'json' || format === 'yaml') {
    await printValue(out, format, jsonOf(v1.SimulateImpactResponseSchema, answer));
    return EXIT.ok;
  }
  const parts = [
    ...(hypotheses.length === 0 ? [] : [changeLines(out, answer.changes), reconcileLines(answer.reconciles)]),
    ...(rankNodes === 0 ? [] : [rankingLines(out, answer.ranking)]),
  ].filter((lines) => lines.length > 0);
  for (const [i, lines] of parts.entries()) {
    if (i > 0) out.line('');
    for (const line of lines) out.line(line);
  }
  return EXIT.ok;
}

/** What of some files decides anything: a Model document does not, and would be refused. */
async function readDecidingDocuments(paths: readonly string[]): Promise<SourceDocument[]> {
  const documents = await readDocuments(paths);
  return documents.filter(({ text }) => !/^kind:\s*["']?Model["']?\s*(#.*)?$/m.test(text));
}

/** Lines are counted in the whole file: what comes before the document is put as empty lines. */
function definitionOf({ text, line }: SourceDocument): Hypothesis {
  return { what: { case: 'definition', value: `${'\n'.repeat(line - 1)}${text}` } };
}

/** A refusal that names the file instead of the hypothesis's number. */
function withFiles(error: unknown, documents: readonly SourceDocument[]): unknown {
  if (!(error instanceof ConnectError) || error.code !== Code.InvalidArgument) return error;
  const [, index, problem = ''] = /^hypotheses\[(\d+)\]\.definition:? (.*)$/s.exec(error.rawMessage) ?? [];
  const file = documents[Number(index ?? -1)]?.file;
  return file === undefined ? error : new StatectlError('failed', `${file}: ${printable(problem)}`, [], error);
}

function readHypotheses({ node = [], model = [], container = [] }: ImpactOptions): Hypothesis[] {
  return [
    ...node.map((name): Hypothesis => ({ what: { case: 'nodeLost', value: readName(name.replace(/^nodes?\//, '')) } })),
    ...model.map(readModel),
    ...container.map(readContainer),
  ];
}

function readModel(text: string): Hypothesis {
  const [name, state] = text.replace(/^models?\//, '').split('=');
  if (name === undefined || state === undefined) {
    throw usageError(`--model ${text} supposes no state`, `Write it as --model ${name ?? 'name'}=Dead.`);
  }
  return { what: { case: 'model', value: { name: readName(name), state: readModelState(state) } } };
}

function readContainer(text: string): Hypothesis {
  const [, node, model, name, state] = /^([^/=]+)\/([^/=]+)\/(.+)=([^=]+)$/.exec(text) ?? [];
  if (node === undefined || model === undefined || name === undefined || state === undefined) {
    throw usageError(`--container ${text} cannot be read`, 'Write it as --container node/model/name=Dead.');
  }
  const value = { node: readName(node), model: readName(model), name, state: readContainerState(state) };
  return { what: { case: 'container', value } };
}
