import type { v1 } from '@statemanager/proto';
import { ageOf, timeOf } from './age.ts';
import { colourOf } from './colour.ts';
import type { Out } from './out.ts';
import { printable } from './printable.ts';
import { tableLines, tableRow, widthsOf, type Cell } from './table.ts';

export interface TransitionStyle {
  /** Also moments, ids and revisions. */
  readonly wide: boolean;
  /** Whether to say whose it was. */
  readonly withName: boolean;
  readonly nowMs: number;
}

/** Transitions as a table, in the order given. */
export function transitionLines(out: Out, transitions: readonly v1.Transition[], style: TransitionStyle): string[] {
  const rows = transitions.map((transition) => cellsOf(transition, style, ageOf(transition.at, style.nowMs)));
  return tableLines(titlesOf(style, 'AGE'), rows, out.paint);
}

/**
 * Transitions as they come, one line each, with the moment: an age would be wrong as soon as it is printed.
 * Columns only ever grow, so that lines stay below each other as far as they can.
 */
export class TransitionLog {
  readonly #out: Out;
  readonly #wide: boolean;
  #widths: readonly number[] = [];

  constructor(out: Out, wide: boolean) {
    this.#out = out;
    this.#wide = wide;
  }

  print(transitions: readonly v1.Transition[]): void {
    const style = { wide: this.#wide, withName: true, nowMs: 0 };
    const rows = transitions.map((transition) => cellsOf(transition, style, timeOf(transition.at)));
    const titles = titlesOf(style, 'TIME');
    const isFirst = this.#widths.length === 0;
    this.#widths = widthsOf(titles, rows).map((width, i) => Math.max(width, this.#widths[i] ?? 0));
    if (isFirst)
      this.#out.line(
        this.#out.paint(
          tableRow(titles, this.#widths, (text) => text),
          'dim',
        ),
      );
    for (const row of rows) this.#out.line(tableRow(row, this.#widths, this.#out.paint));
  }
}

function titlesOf({ wide, withName }: TransitionStyle, time: string): string[] {
  const more = wide ? ['ID', 'GENERATION', 'REVISION'] : [];
  return [time, ...(withName ? ['NAME'] : []), 'FROM', 'TO', 'RULE', 'SOURCE', ...more, 'CAUSE'];
}

function cellsOf(transition: v1.Transition, { wide, withName }: TransitionStyle, time: string): Cell[] {
  const { kind, name, from, to, rule, source, transitionId, generation, revision, cause } = transition;
  const more = wide ? [printable(transitionId) || '-', String(generation), String(revision)] : [];
  return [
    time,
    ...(withName ? [printable(`${kind}/${name}`)] : []),
    stateCell(from, '<none>'),
    stateCell(to, '(removed)'),
    printable(rule) || '-',
    printable(source) || '-',
    ...more,
    printable(cause) || '-',
  ];
}

function stateCell(state: string, none: string): Cell {
  return state === '' ? { text: none, colour: 'dim' } : { text: printable(state), colour: colourOf(state) };
}
