import { KINDS, pluralOf } from '../kind.ts';
import { colourOf, type Paint } from '../output/colour.ts';
import { countsText } from '../output/columns.ts';
import { printable } from '../output/printable.ts';
import { tableLines, type Cell } from '../output/table.ts';
import { doubtsOf, stateText } from '../output/trust.ts';
import { WINDOW_MS, type Tally } from './tally.ts';

export interface ScreenSettings {
  readonly paint: Paint;
  /** How many of the busiest packages. */
  readonly count: number;
  readonly nowMs: number;
}

/** What `top` shows, line by line. */
export function screenLines(tally: Tally, { paint, count, nowMs }: ScreenSettings): string[] {
  const rows = tally
    .counts(KINDS)
    .map(({ kind, total, counts, doubtfulCount }): Cell[] => [
      pluralOf(kind as (typeof KINDS)[number]),
      String(total),
      { text: String(doubtfulCount), colour: doubtfulCount === 0 ? 'dim' : 'warn' },
      countsText(counts),
    ]);
  const busy = tally
    .busiest(count, nowMs)
    .map((of): Cell[] => [
      printable(of.name),
      { text: stateText(of.state, of), colour: doubtsOf(of) === '' ? colourOf(of.state) : 'warn' },
      String(of.transitionCount),
    ]);
  const window = `${WINDOW_MS / 1000}s`;
  return [
    ...tableLines(['KIND', 'COUNT', 'DOUBTFUL', 'STATES'], rows, paint),
    '',
    `${tally.rateAt(nowMs).toFixed(2)} transitions a second over the last ${window}`,
    '',
    ...(busy.length === 0
      ? [`No package was busy within the last ${window}.`]
      : tableLines(['BUSIEST PACKAGES', 'STATE', `TRANSITIONS IN ${window.toUpperCase()}`], busy, paint)),
  ];
}
