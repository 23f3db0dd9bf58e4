import { v1 } from '@statemanager/proto';
import { KINDS } from '../kind.ts';
import type { Listing } from '../server/lists.ts';
import { columnsOf } from './columns.ts';
import { jsonOf, printValue, type Format } from './format.ts';
import type { Out } from './out.ts';
import { printable } from './printable.ts';
import { tableLines } from './table.ts';
import { legendOf, type Trust } from './trust.ts';

/** Prints resources. JSON and YAML are always a list under `items`, even of one. */
export async function printResources(out: Out, format: Format, listing: Listing, nowMs: number): Promise<void> {
  switch (format) {
    case 'json':
    case 'yaml':
      return printValue(out, format, {
        items: listing.resources.map((resource) => jsonOf(v1.ResourceSchema, resource)),
        revision: String(listing.revision),
      });
    case 'name':
      for (const { kind, name } of listing.resources) out.line(printable(`${kind}/${name}`));
      return;
    case 'table':
    case 'wide':
      printTables(out, listing.resources, format === 'wide', nowMs);
  }
}

/** A table for each kind, and what its marks mean. */
function printTables(out: Out, resources: readonly v1.Resource[], wide: boolean, nowMs: number): void {
  const tables = KINDS.map((kind) => ({ kind, of: resources.filter((resource) => resource.kind === kind) }));
  const filled = tables.filter(({ of }) => of.length > 0);
  for (const [i, { kind, of }] of filled.entries()) {
    if (i > 0) out.line('');
    const columns = columnsOf(kind, wide);
    const rows = of.map((resource) => columns.map(({ cell }) => cell(resource, nowMs)));
    const titles = columns.map(({ title }) => title);
    for (const line of tableLines(titles, rows, out.paint)) out.line(line);
  }
  printLegend(out, resources);
}

/** Says what the marks of these states mean, if they have any. */
export function printLegend(out: Out, trusts: readonly Trust[]): void {
  const legend = legendOf(trusts);
  if (legend.length > 0) out.line('');
  for (const line of legend) out.line(out.paint(line, 'warn'));
}
