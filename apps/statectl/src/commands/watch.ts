import { toJson } from '@bufbuild/protobuf';
import { v1 } from '@statemanager/proto';
import { EXIT } from '../failure.ts';
import { columnsOf, type Column } from '../output/columns.ts';
import { FORMATS, jsonOf, printOneOfMany, readFormat, type Format } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { tableRow, widthsOf, type Cell } from '../output/table.ts';
import { legendOf } from '../output/trust.ts';
import { watchResources, type Watched } from '../server/watch.ts';
import { untilInterrupted, type Shell } from '../shell.ts';
import { readSelection, type FilterOptions, type Selection } from './get.ts';

export interface WatchOptions extends FilterOptions {
  readonly output?: string;
}

/** `watch`: everything of some kinds, then every change, a line each. */
export async function watch(shell: Shell, words: readonly string[], options: WatchOptions): Promise<number> {
  return watchSelection(shell, readSelection(words, options), readFormat(options.output, FORMATS));
}

/** What is selected, then every change of it, until Ctrl-C. */
export async function watchSelection(shell: Shell, selection: Selection, format: Format): Promise<number> {
  const { kinds, names, filter } = selection;
  const [only] = kinds;
  const columns = columnsOf(kinds.length === 1 && only !== undefined ? only : 'mixed', format === 'wide');
  const printer = new WatchPrinter(shell, format, columns);
  const wanted = new Set(names.map(({ kind, name }) => `${kind}/${name}`));
  const isWanted = (resource: v1.Resource | undefined): boolean =>
    resource !== undefined && (wanted.size === 0 || wanted.has(`${resource.kind}/${resource.name}`));
  const narrowed = names.length === 1 ? { ...filter, namePrefix: names[0]?.name ?? '' } : filter;
  for await (const watched of watchResources(shell.servers, narrowed, { signal: untilInterrupted() })) {
    await printer.print(watched, isWanted);
  }
  return EXIT.ok;
}

/** Prints what a watch says. Columns keep the width they once had, so that lines stay below each other. */
class WatchPrinter {
  readonly #shell: Shell;
  readonly #format: Format;
  readonly #columns: readonly Column[];
  readonly #legend = new Set<string>();
  #widths: readonly number[] = [];

  constructor(shell: Shell, format: Format, columns: readonly Column[]) {
    this.#shell = shell;
    this.#format = format;
    this.#columns = columns;
  }

  async print(watched: Watched, isWanted: (resource: v1.Resource | undefined) => boolean): Promise<void> {
    switch (watched.type) {
      case 'snapshot':
        return this.#snapshot(watched.resources.filter(isWanted));
      case 'changes':
        return this.#changes(watched.events.filter(({ resource }) => isWanted(resource)));
      case 'resync':
        return this.#resync(watched);
      case 'lost':
        this.#shell.out.note(`connection lost: ${watched.reason}; resuming`);
    }
  }

  async #snapshot(resources: readonly v1.Resource[]): Promise<void> {
    const { PUT: type } = v1.EventType;
    if (!isTable(this.#format)) {
      for (const resource of resources) await this.#value({ type, resource });
      return;
    }
    const titles = this.#columns.map(({ title }) => title);
    const rows = resources.map((resource) => this.#cells(resource));
    this.#widths = widthsOf(titles, rows);
    const { out } = this.#shell;
    out.line(
      out.paint(
        tableRow(titles, this.#widths, (text) => text),
        'dim',
      ),
    );
    this.#rows(rows);
    this.#explainMarks(resources);
  }

  async #changes(events: readonly v1.Event[]): Promise<void> {
    for (const { type, resource, transition } of events) {
      if (resource === undefined) continue;
      if (isTable(this.#format)) {
        this.#rows([this.#cells(resource, type)]);
        this.#explainMarks([resource]);
      } else {
        await this.#value({ type, resource, ...(transition && { transition }) });
      }
    }
  }

  async #resync({ reason, message }: Extract<Watched, { type: 'resync' }>): Promise<void> {
    const { out } = this.#shell;
    if (this.#format === 'json' || this.#format === 'yaml') {
      await printOneOfMany(out, this.#format, toJson(v1.WatchResourcesResponseSchema, message));
    } else if (this.#format === 'name') {
      out.note(`resync: ${printable(reason)}`);
    } else {
      out.line(`resync: ${printable(reason)}`);
    }
  }

  async #value(event: { type: v1.EventType; resource: v1.Resource; transition?: v1.Transition }): Promise<void> {
    const { out } = this.#shell;
    if (this.#format === 'name') {
      const gone = event.type === v1.EventType.PUT ? '' : ` ${goneText(event.type)}`;
      out.line(`${printable(`${event.resource.kind}/${event.resource.name}`)}${gone}`);
    } else if (!isTable(this.#format)) {
      const message: v1.Event = { $typeName: 'statemanager.v1.Event', ...event };
      await printOneOfMany(out, this.#format, jsonOf(v1.EventSchema, message));
    }
  }

  #cells(resource: v1.Resource, type = v1.EventType.PUT): Cell[] {
    return this.#columns.map(({ title, cell }) =>
      type !== v1.EventType.PUT && (title === 'STATE' || title === 'WORD')
        ? { text: goneText(type), colour: 'dim' }
        : cell(resource, this.#shell.now()),
    );
  }

  #rows(rows: readonly (readonly Cell[])[]): void {
    const { out } = this.#shell;
    for (const row of rows) out.line(tableRow(row, this.#widths, out.paint));
  }

  /** Says once what each mark means. */
  #explainMarks(resources: readonly v1.Resource[]): void {
    const { out } = this.#shell;
    for (const line of legendOf(resources)) {
      if (!this.#legend.has(line)) out.line(out.paint(line, 'warn'));
      this.#legend.add(line);
    }
  }
}

function isTable(format: Format): format is 'table' | 'wide' {
  return format === 'table' || format === 'wide';
}

function goneText(type: v1.EventType): string {
  return type === v1.EventType.REMOVED ? '(removed)' : '(left the filter)';
}
