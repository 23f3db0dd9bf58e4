import type { Colour, Paint } from './colour.ts';

/** One cell, with its colour. */
export type Cell = string | { readonly text: string; readonly colour: Colour };

const GAP = '   ';

/** Lines of columns that are as wide as what is in them. The last column is not filled up. */
export function tableLines(header: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string[] {
  const widths = widthsOf(header, rows);
  return [paint(tableRow(header, widths, painted), 'dim'), ...rows.map((row) => tableRow(row, widths, paint))];
}

function painted(text: string): string {
  return text;
}

/** How wide each column must be. */
export function widthsOf(header: readonly string[], rows: readonly (readonly Cell[])[]): number[] {
  const widths = header.map(widthOf);
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(textOf(cell)));
  }
  return widths;
}

/** One line of a table. */
export function tableRow(cells: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const line = cells.map((cell, i) => {
    const text = textOf(cell);
    const fill = i === cells.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(text)));
    return `${paint(text, typeof cell === 'string' ? undefined : cell.colour)}${fill}`;
  });
  return line.join(GAP);
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function widthOf(text: string): number {
  return [...text].length;
}
