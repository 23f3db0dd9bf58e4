import { v1 } from '@statemanager/proto';
import { EXIT, usageError } from '../failure.ts';
import { readKind, readReferences } from '../kind.ts';
import { ageOf } from '../output/age.ts';
import { jsonOf, printValue } from '../output/format.ts';
import type { Out } from '../output/out.ts';
import { printLegend } from '../output/print-resources.ts';
import { printable } from '../output/printable.ts';
import { paintState, type Trust } from '../output/trust.ts';
import { getResource } from '../server/lists.ts';
import type { Shell } from '../shell.ts';
import { didYouMean } from '../suggest.ts';
import { HISTORY_KINDS } from './history.ts';

const FORMATS = ['tree', 'json', 'yaml'] as const;

/** `explain`: the chain of rules and causes as a tree. JSON is the API's answer, or a list of them if several are named. */
export async function explain(
  shell: Shell,
  words: readonly string[],
  options: { readonly output?: string },
): Promise<number> {
  const format = readTreeFormat(options.output ?? 'tree');
  const references = readReferences(words, HISTORY_KINDS);
  const answers: v1.ExplainResourceResponse[] = [];
  for (const reference of references) {
    const answer = await shell.servers.call(v1.StateService, (client, call) => client.explainResource(reference, call));
    answers.push(answer);
  }
  if (format === 'tree') {
    await printTrees(shell, answers);
    return EXIT.ok;
  }
  const values = answers.map((answer) => jsonOf(v1.ExplainResourceResponseSchema, answer));
  const [only] = values;
  await printValue(shell.out, format, values.length === 1 && only !== undefined ? only : { items: values });
  return EXIT.ok;
}

async function printTrees({ out, servers, now }: Shell, answers: readonly v1.ExplainResourceResponse[]): Promise<void> {
  const explanations = answers.flatMap(({ explanation }) => explanation ?? []);
  const seen: Trust[] = [];
  for (const [i, explanation] of explanations.entries()) {
    if (i > 0) out.line('');
    const { kind, name } = explanation;
    const { resource } = await getResource(servers, readKind(kind, HISTORY_KINDS), name);
    const trusts = resource === undefined ? new Map<string, Trust>() : trustsOf(resource);
    for (const line of treeLines(out, explanation, { trusts, nowMs: now() })) out.line(line);
    seen.push(...trusts.values());
  }
  printLegend(out, seen);
}

function readTreeFormat(text: string): (typeof FORMATS)[number] {
  const format = FORMATS.find((one) => one === text.toLowerCase());
  if (format !== undefined) return format;
  throw usageError(`-o ${text} cannot be printed`, ...didYouMean(text, FORMATS), `Formats are ${FORMATS.join(', ')}.`);
}

/** The head, what was found, what would change it, and what it rests on. */
function treeLines(out: Out, explanation: v1.Explanation, { trusts, nowMs }: TreeContext): string[] {
  const { because, wouldChange } = explanation;
  const bar = because.length > 0 ? '│ ' : '  ';
  const lines = [headOf(out, explanation, { trusts, nowMs })];
  if (explanation.text !== '') lines.push(`${bar}${printable(explanation.text)}`);
  for (const { text } of wouldChange) lines.push(out.paint(`${bar}↻ ${printable(text)}`, 'dim'));
  for (const [i, child] of because.entries()) {
    const isLast = i === because.length - 1;
    const [head = '', ...rest] = treeLines(out, child, { trusts, nowMs });
    lines.push(`${isLast ? '└─' : '├─'} ${head}`, ...rest.map((line) => `${isLast ? '  ' : '│ '} ${line}`));
  }
  return lines;
}

function headOf(out: Out, explanation: v1.Explanation, { trusts, nowMs }: TreeContext): string {
  const { kind, name, state, rule, since } = explanation;
  const age = since === undefined ? '' : `for ${ageOf(since, nowMs)}`;
  const by = [rule === '' ? '' : `by ${printable(rule)}`, age].filter((part) => part !== '').join(', ');
  const shown = paintState(out.paint, state, trusts.get(`${kind}/${name}`) ?? TRUSTED);
  const title = out.paint(printable(`${kind}/${name}`), 'bold');
  return by === '' ? `${title}  ${shown}` : `${title}  ${shown}  ${out.paint(`(${by})`, 'dim')}`;
}

interface TreeContext {
  /** How far each thing that is explained can be trusted, by kind/name. */
  readonly trusts: ReadonlyMap<string, Trust>;
  readonly nowMs: number;
}

const TRUSTED: Trust = { stale: false, inDoubt: false };

/** The explanation says why; how fresh the words are that it rests on, the resource says. */
function trustsOf(resource: v1.Resource): ReadonlyMap<string, Trust> {
  const { kind, name, detail } = resource;
  const trusts = new Map<string, Trust>([[`${kind}/${name}`, resource]]);
  if (detail.case === 'package') for (const model of detail.value.models) trusts.set(`model/${model.name}`, model);
  if (detail.case !== 'model') return trusts;
  for (const { node, containers, confirmed } of detail.value.nodes) {
    for (const container of containers) {
      trusts.set(`container/${node}/${container.name}`, { stale: !confirmed, inDoubt: false });
    }
  }
  return trusts;
}
