import type { v1 } from '@statemanager/proto';
import { ageOf, untilOf } from './age.ts';
import { colourOf } from './colour.ts';
import type { Out } from './out.ts';
import { printable } from './printable.ts';
import { tableLines, type Cell } from './table.ts';
import { doubtsOf, stateText } from './trust.ts';

/** One line of a description. */
export type Fact = readonly [label: string, value: string];

/** What only a resource's kind has, for `describe`. */
export function detailLines(out: Out, { detail }: v1.Resource, nowMs: number): string[] {
  switch (detail.case) {
    case 'scenario':
      return scenarioLines(detail.value);
    case 'package':
      return packageLines(out, detail.value, nowMs);
    case 'model':
      return modelLines(out, detail.value, nowMs);
    case 'node':
      return nodeLines(detail.value, nowMs);
    default:
      return [];
  }
}

function scenarioLines({ target, action, definitionRevision, allowedStates }: v1.ScenarioDetail): string[] {
  return [
    fact('Target', target === '' ? '-' : `package/${target}`),
    fact('Action', action || '-'),
    fact('Defined', definedText(definitionRevision)),
    fact('May go to', allowedStates.join(', ') || '-'),
  ];
}

function packageLines(out: Out, detail: v1.PackageDetail, nowMs: number): string[] {
  const { models, definitionRevision, reconcile, reconcilePaused, scenarios } = detail;
  const rows = models.map((model): Cell[] => [printable(model.name), trusted(model)]);
  return [
    fact('Defined', definedText(definitionRevision)),
    fact('Scenarios', scenarios.join(', ') || '-'),
    ...(rows.length === 0 ? [] : ['', ...indented(tableLines(['MODEL', 'STATE'], rows, out.paint))]),
    ...(reconcilePaused ? ['', fact('Reconcile', 'paused by an operator')] : []),
    ...(reconcile === undefined ? [] : ['', 'Reconcile:', ...intentLines(reconcile, nowMs)]),
  ];
}

function trusted(model: v1.ModelState): Cell {
  return { text: stateText(model.state, model), colour: doubtsOf(model) === '' ? colourOf(model.state) : 'warn' };
}

function intentLines(intent: v1.Intent, nowMs: number): string[] {
  const { id, since, attempts, lastAttempt, nextAttemptAt, waitsBecause } = intent;
  return [
    `  id ${printable(id)}, for ${ageOf(since, nowMs)}, attempts: ${attempts}`,
    ...(lastAttempt === undefined
      ? []
      : [`  last attempt ${ageOf(lastAttempt.at, nowMs)} ago: ${attemptText(lastAttempt)}`]),
    ...(nextAttemptAt === undefined ? [] : [`  next attempt: ${untilOf(nextAttemptAt, nowMs)}`]),
    ...(waitsBecause === '' ? [] : [`  waits: ${printable(waitsBecause)}`]),
  ];
}

/** How an attempt went, and what was said. */
export function attemptText({ outcome, detail }: v1.Attempt): string {
  return printable(detail === '' ? outcome : `${outcome}: ${detail}`);
}

function modelLines(out: Out, detail: v1.ModelDetail, nowMs: number): string[] {
  const rows = detail.nodes.flatMap((of) => of.containers.map((container) => containerRow(of, container, nowMs)));
  const titles = ['NODE', 'CONTAINER', 'STATE', 'RULE', 'EXIT', 'AGE', 'HEARD'];
  return [
    fact('Packages', detail.packages.join(', ') || '-'),
    ...(detail.missing ? [fact('Missing', 'no node reports a container of it; the grace is not over')] : []),
    ...(detail.offloadTarget === '' ? [] : [fact('Moves to', `node/${detail.offloadTarget}`)]),
    ...(rows.length === 0 ? [] : ['', ...indented(tableLines(titles, rows, out.paint))]),
  ];
}

function containerRow(
  { node, confirmed, lastHeardAt }: v1.NodeContainers,
  container: v1.Container,
  nowMs: number,
): Cell[] {
  const { name, state, rule, exitCode, oomKilled, since } = container;
  const trust = { stale: !confirmed, inDoubt: false };
  return [
    printable(node),
    printable(name),
    { text: stateText(state, trust), colour: confirmed ? colourOf(state) : 'warn' },
    rule,
    `${exitCode ?? '-'}${oomKilled ? ' (OOM killed)' : ''}`,
    ageOf(since, nowMs, '-'),
    ageOf(lastHeardAt, nowMs, 'never'),
  ];
}

function nodeLines({ observedAt, lastHeardAt, models }: v1.NodeDetail, nowMs: number): string[] {
  return [
    fact('Changed', observedAt === undefined ? '-' : `${ageOf(observedAt, nowMs)} ago`),
    fact(
      'Heard',
      lastHeardAt === undefined ? 'not since StateManager last took over' : `${ageOf(lastHeardAt, nowMs)} ago`,
    ),
    fact('Models', models.join(', ') || '-'),
  ];
}

function definedText(revision: bigint): string {
  return revision === 0n ? 'no' : `at revision ${revision}`;
}

function fact(label: string, value: string): string {
  return `${`${label}:`.padEnd(11)}  ${printable(value)}`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
