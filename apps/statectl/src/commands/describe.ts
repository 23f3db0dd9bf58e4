import type { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { KINDS, readReferences } from '../kind.ts';
import { ageOf, timeOf } from '../output/age.ts';
import { countsText } from '../output/columns.ts';
import { detailLines, type Fact } from '../output/detail.ts';
import { printLegend } from '../output/print-resources.ts';
import { printable } from '../output/printable.ts';
import { stateText } from '../output/trust.ts';
import { transitionLines } from '../output/transitions.ts';
import { getResource, listTransitions } from '../server/lists.ts';
import type { Shell } from '../shell.ts';

const HISTORY_COUNT = 10;

/** `describe`: all that is known of each named resource. */
export async function describe(shell: Shell, words: readonly string[]): Promise<number> {
  const resources: v1.Resource[] = [];
  for (const [i, { kind, name }] of readReferences(words, KINDS).entries()) {
    const { resource } = await getResource(shell.servers, kind, name);
    if (resource === undefined) continue;
    const past = kind === 'node' ? [] : await listTransitions(shell.servers, { kind, name }, HISTORY_COUNT);
    if (i > 0) shell.out.line('');
    printOne(shell, resource, past);
    resources.push(resource);
  }
  printLegend(
    shell.out,
    resources.flatMap((resource) => [resource, ...modelsOf(resource)]),
  );
  return EXIT.ok;
}

function printOne({ out, now }: Shell, resource: v1.Resource, past: readonly v1.Transition[]): void {
  const nowMs = now();
  for (const line of factLines([...commonFacts(resource, nowMs), ...countFacts(resource)])) out.line(line);
  for (const line of detailLines(out, resource, nowMs)) out.line(line);
  if (past.length === 0) return;
  out.line('');
  out.line(out.paint('History, newest first:', 'bold'));
  for (const line of transitionLines(out, past, { wide: false, nowMs, withName: false })) out.line(`  ${line}`);
}

function commonFacts(resource: v1.Resource, nowMs: number): Fact[] {
  const { kind, name, state, since, rule, cause, source, revision, generation, stale } = resource;
  const ofNode = kind === 'node';
  return [
    ['Kind', kind],
    ['Name', name],
    ofNode ? ['Word', stale ? '~Unconfirmed (stale)' : 'Confirmed'] : ['State', stateText(state, resource)],
    ...(since === undefined ? [] : [['Since', `${timeOf(since)} (${ageOf(since, nowMs)} ago)`] as const]),
    ...(rule === '' ? [] : [['Rule', rule] as const]),
    ...(cause === '' ? [] : [['Cause', cause] as const]),
    ...(source === '' ? [] : [['Source', source] as const]),
    ['Revision', String(revision)],
    ...(ofNode ? [] : [['Generation', String(generation)] as const]),
  ];
}

function countFacts({ detail }: v1.Resource): Fact[] {
  if (detail.case === 'package') return [['Models', countsText(detail.value.counts)]];
  if (detail.case === 'model' || detail.case === 'node') return [['Containers', countsText(detail.value.counts)]];
  return [];
}

/** `Name:   value`, the values below each other. */
function factLines(facts: readonly Fact[]): string[] {
  const width = Math.max(...facts.map(([label]) => label.length)) + 1;
  return facts.map(([label, value]) => `${`${label}:`.padEnd(width)}  ${printable(value)}`);
}

function modelsOf({ detail }: v1.Resource): readonly v1.ModelState[] {
  return detail.case === 'package' ? detail.value.models : [];
}
