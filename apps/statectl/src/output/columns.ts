import type { v1 } from '@statemanager/proto';
import type { Kind } from '../kind.ts';
import { ageOf } from './age.ts';
import { colourOf } from './colour.ts';
import { printable } from './printable.ts';
import type { Cell } from './table.ts';
import { doubtsOf, stateText } from './trust.ts';

/** One column of a table of resources. */
export interface Column {
  readonly title: string;
  readonly cell: (resource: v1.Resource, nowMs: number) => Cell;
}

/** The columns for resources of one kind, or of several. */
export function columnsOf(kind: Kind | 'mixed', wide: boolean): readonly Column[] {
  const [narrow, more] = COLUMNS[kind];
  return wide ? [...narrow, ...more] : narrow;
}

/** The state as a cell: coloured, and marked if it cannot be trusted. */
export function stateCell(resource: v1.Resource): Cell {
  if (resource.kind === 'node') return nodeCell(resource);
  const colour = doubtsOf(resource) === '' ? colourOf(resource.state) : 'warn';
  return { text: stateText(resource.state, resource), colour };
}

/** A node has no state of its own: what counts is whether it has confirmed its word. */
function nodeCell(resource: v1.Resource): Cell {
  const text = stateText(resource.stale ? 'Unconfirmed' : 'Confirmed', resource);
  return { text, colour: resource.stale ? 'warn' : 'good' };
}

/** `1 Dead, 2 Running`, the worst first; `-` if there is none. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  const known = Object.keys(counts).filter((state) => (counts[state] ?? 0) > 0);
  const words = known.sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
  return words.length === 0 ? '-' : words.map((state) => `${counts[state]} ${printable(state)}`).join(', ');
}

const BY_HARM = ['Error', 'Dead', 'Degraded', 'Unknown', 'Paused', 'Exited', 'Created', 'Initialized', 'Idle'];

function rankOf(state: string): number {
  const rank = BY_HARM.indexOf(state);
  return rank < 0 ? BY_HARM.length : rank;
}

/** How a package's reconcile stands, in a word or two. */
export function reconcileText({ reconcile, reconcilePaused }: v1.PackageDetail): string {
  if (reconcilePaused) return 'paused';
  if (reconcile === undefined) return '-';
  const { attempts, lastAttempt } = reconcile;
  return attempts === 0 ? 'due' : `attempt ${attempts}${lastAttempt ? `, ${printable(lastAttempt.outcome)}` : ''}`;
}

const listText = (words: readonly string[]): string => (words.length === 0 ? '-' : words.map(printable).join(','));

const NAME: Column = { title: 'NAME', cell: ({ name }) => printable(name) };
const STATE: Column = { title: 'STATE', cell: stateCell };
const AGE: Column = { title: 'AGE', cell: ({ since }, nowMs) => ageOf(since, nowMs, '-') };
const RULE: Column = { title: 'RULE', cell: ({ rule }) => printable(rule) || '-' };
const SOURCE: Column = { title: 'SOURCE', cell: ({ source }) => printable(source) || '-' };
const REVISION: Column = { title: 'REVISION', cell: ({ revision }) => String(revision) };
const CAUSE: Column = { title: 'CAUSE', cell: ({ cause }) => printable(cause) || '-' };
const WHY = [RULE, SOURCE, REVISION, CAUSE];

const COLUMNS: Readonly<Record<Kind | 'mixed', readonly [readonly Column[], readonly Column[]]>> = {
  scenario: [
    [NAME, STATE, scenario('TARGET', ({ target }) => printable(target) || '-'), AGE],
    [
      scenario('ACTION', ({ action }) => printable(action) || '-'),
      scenario('NEXT', ({ allowedStates }) => listText(allowedStates)),
      ...WHY,
    ],
  ],
  package: [
    [NAME, STATE, ofPackage('MODELS', ({ counts }) => countsText(counts)), ofPackage('RECONCILE', reconcileText), AGE],
    [ofPackage('SCENARIOS', ({ scenarios }) => listText(scenarios)), ...WHY],
  ],
  model: [
    [
      NAME,
      STATE,
      model('CONTAINERS', ({ counts }) => countsText(counts)),
      model('NODES', ({ nodes }) => listText(nodes.map(({ node }) => node))),
      AGE,
    ],
    [model('PACKAGES', ({ packages }) => listText(packages)), ...WHY],
  ],
  node: [
    [
      NAME,
      { title: 'WORD', cell: stateCell },
      node('MODELS', ({ models }) => String(models.length)),
      node('CONTAINERS', ({ counts }) => countsText(counts)),
      node('HEARD', ({ lastHeardAt }, nowMs) => ageOf(lastHeardAt, nowMs, 'never')),
      node('CHANGED', ({ observedAt }, nowMs) => ageOf(observedAt, nowMs, '-')),
    ],
    [node('REPORTS', ({ models }) => listText(models)), REVISION],
  ],
  mixed: [[{ title: 'NAME', cell: ({ kind, name }) => printable(`${kind}/${name}`) }, STATE, AGE], WHY],
};

function scenario(title: string, text: (detail: v1.ScenarioDetail) => string): Column {
  return { title, cell: ({ detail }) => (detail.case === 'scenario' ? text(detail.value) : '-') };
}

function ofPackage(title: string, text: (detail: v1.PackageDetail) => string): Column {
  return { title, cell: ({ detail }) => (detail.case === 'package' ? text(detail.value) : '-') };
}

function model(title: string, text: (detail: v1.ModelDetail) => string): Column {
  return { title, cell: ({ detail }) => (detail.case === 'model' ? text(detail.value) : '-') };
}

function node(title: string, text: (detail: v1.NodeDetail, nowMs: number) => string): Column {
  return { title, cell: ({ detail }, nowMs) => (detail.case === 'node' ? text(detail.value, nowMs) : '-') };
}
